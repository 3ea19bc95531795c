import { assert, describe, it, vi } from "@effect/vitest"
import type { Answer, Connection } from "./Connection.ts"
import { Pace } from "./Pace.ts"

/** A pace whose server is the test: `answers` holds what it has not answered. */
const makePace = (onRoom: () => void = () => {}) => {
  const answers: Array<Answer> = []
  const request = (_type: string, _payload: string, answer: Answer) => {
    answers.push(answer)
    return true
  }
  const pace = new Pace({ request } as unknown as Connection, onRoom)
  const send = () => pace.request("publish", "{}", () => {})
  /** Sends until it is turned away. */
  const fill = () => {
    let sent = 0
    while (send()) sent++
    return sent
  }
  const accept = () => answers.shift()!({ type: "pong", payload: {} })
  const refuse = (retryAfterMs: number) =>
    answers.shift()!({ type: "error", payload: { code: "too_many_requests", retryAfterMs } })
  return { pace, answers, send, fill, accept, refuse }
}

const withFakeTime = (body: () => void) => () => {
  vi.useFakeTimers()
  try {
    body()
  } finally {
    vi.useRealTimers()
  }
}

describe("Pace", () => {
  it("has room for 64 unanswered commands", () => {
    assert.strictEqual(makePace().fill(), 64)
  })

  it("tells of room when an answer has made some", () => {
    const onRoom = vi.fn()
    const { fill, accept } = makePace(onRoom)
    fill()

    accept()

    assert.strictEqual(onRoom.mock.calls.length, 1)
  })

  it(
    "sends nothing until the wait after a refusal is over, and then half as many",
    withFakeTime(() => {
      const onRoom = vi.fn()
      const { answers, fill, accept, refuse } = makePace(onRoom)
      fill()
      refuse(300)
      while (answers.length > 0) accept()

      vi.advanceTimersByTime(299)
      assert.strictEqual(fill(), 0)
      vi.advanceTimersByTime(1)

      assert.strictEqual(onRoom.mock.calls.length, 1)
      assert.isBelow(fill(), 40)
    })
  )

  it(
    "comes down to one at a time when all are refused",
    withFakeTime(() => {
      const { answers, fill, refuse } = makePace()
      fill()
      while (answers.length > 0) refuse(20)
      vi.advanceTimersByTime(20)

      assert.strictEqual(fill(), 1)
    })
  )
})
