import { assert, describe, it } from "@effect/vitest"
import { longPayload } from "./Payload.ts"
import { Subscriber } from "./Subscriber.ts"

const dataBytes = 128

const make = () => {
  const subscriber = new Subscriber("live:bench", 2)
  let isReading = true
  subscriber.socket = {
    send: () => {},
    pause: () => {
      isReading = false
    },
    resume: () => {
      isReading = true
    },
    close: () => {}
  }
  const hear = (...sequences: ReadonlyArray<number>) => {
    for (const it of sequences) subscriber.hear(longPayload(dataBytes, it, 0), 0)
  }
  return { subscriber, hear, isReading: () => isReading }
}

describe("a subscriber", () => {
  it("reads on, unless it is told otherwise", () => {
    const { hear, isReading, subscriber } = make()
    hear(0, 1, 2)
    assert.isTrue(isReading())
    subscriber.stop()
    assert.isFalse(isReading())
    subscriber.readOn()
    hear(3, 4)
    assert.isTrue(isReading())
    assert.deepStrictEqual([...subscriber.lastOfKey], [4, 3])
  })

  it("that reads slowly waits as many turns as publications came at once", () => {
    const { hear, isReading, subscriber } = make()
    subscriber.stop()
    subscriber.readOne()
    assert.isTrue(isReading())
    hear(0, 1, 2)

    const read = [1, 2, 3].map(() => {
      subscriber.readOne()
      return isReading()
    })

    assert.deepStrictEqual(read, [false, false, true])
  })
})
