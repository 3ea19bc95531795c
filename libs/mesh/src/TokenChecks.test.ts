import { assert, describe, it } from "@effect/vitest"
import { type Failure, failure } from "@weir/core/Failure"
import { Exit } from "effect"
import { afterEach, beforeEach, vi } from "vitest"
import type { Send } from "./Correlated.ts"
import { TokenChecks, type Verdict } from "./TokenChecks.ts"

const verdictFor = (user: string): Verdict =>
  Exit.succeed({ user, tokenId: "", issuedAt: 0, expiresAt: 1, capabilities: [] })

/** An auth that notes what has left, and answers when told. */
const make = () => {
  const left: Array<string> = []
  const cancelled: Array<string> = []
  const answers = new Map<string, (verdict: Verdict) => void>()
  const heard: Array<string> = []
  const send: Send<string, Verdict> = (token, answer) => {
    left.push(token)
    answers.set(token, answer)
    return () => cancelled.push(token) > 0
  }
  let sender: Send<string, Verdict> | Failure = send
  const checks = new TokenChecks(() => sender)
  return {
    ...{ left, cancelled, heard, checks },
    ask: (token: string, nowMs = 0) =>
      checks.ask(token, nowMs, (verdict) => {
        heard.push(
          Exit.isSuccess(verdict) ? verdict.value.user : `${token} ${JSON.stringify(verdict)}`
        )
      }),
    answer: (token: string) => answers.get(token)!(verdictFor(token)),
    setSender: (next: Send<string, Verdict> | Failure) => {
      sender = next
    }
  }
}

describe("token checks", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it("leave at once when nothing is on its way, and else together with the first answer", () => {
    const { answer, ask, heard, left } = make()
    for (const token of ["a", "b", "c"]) ask(token)
    assert.deepStrictEqual(left, ["a"])
    answer("a")
    assert.deepStrictEqual(left, ["a", "b", "c"])
    assert.deepStrictEqual(heard, ["a"])
  })

  it("do not take the rest of an earlier message for an answer to the last one", () => {
    const { answer, ask, left } = make()
    for (const token of ["a", "b", "c"]) ask(token)
    answer("a")
    ask("d")
    answer("b")
    assert.deepStrictEqual(left, ["a", "b", "c", "d"])
    ask("e")
    answer("c")
    assert.deepStrictEqual(left, ["a", "b", "c", "d"])
    answer("d")
    assert.deepStrictEqual(left, ["a", "b", "c", "d", "e"])
  })

  it("wait for a slow one no longer than 10 ms", () => {
    const { ask, left } = make()
    ask("slow")
    ask("quick")
    vi.advanceTimersByTime(9)
    assert.deepStrictEqual(left, ["slow"])
    vi.advanceTimersByTime(1)
    assert.deepStrictEqual(left, ["slow", "quick"])
  })

  it("end after 5 s without an answer, which is not waited for any more", () => {
    const { answer, ask, cancelled, checks, heard } = make()
    ask("a", 0)
    ask("b", 1_000)
    checks.expire(4_999)
    assert.deepStrictEqual(heard, [])
    checks.expire(5_000)
    assert.match(heard.join(), /^a .*no answer from auth/)
    assert.deepStrictEqual(cancelled, ["a"])
    answer("a")
    assert.strictEqual(heard.length, 1)
  })

  it("are not made for who has gone before they left", () => {
    const { answer, ask, heard, left } = make()
    ask("a")
    const cancel = ask("b")
    ask("c")
    cancel()
    answer("a")
    assert.deepStrictEqual(left, ["a", "c"])
    assert.deepStrictEqual(heard, ["a"])
  })

  it("fail while nobody is there, and are made again once somebody is", () => {
    const { ask, heard, left, setSender } = make()
    setSender(failure("unavailable", "nobody", 500))
    ask("a")
    ask("b")
    assert.match(heard.join(), /a .*nobody.*b .*nobody/)
    setSender((token, answer) => {
      answer(verdictFor(token))
      return () => true
    })
    ask("c")
    assert.strictEqual(heard[2], "c")
    assert.deepStrictEqual(left, [])
  })

  it("all have an answer in the end", () => {
    const { ask, checks, heard } = make()
    ask("a")
    ask("b")
    checks.end()
    assert.match(heard.join(), /a .*stopping.*b .*stopping/)
    vi.advanceTimersByTime(100)
    assert.strictEqual(heard.length, 2)
  })
})
