import { assert, describe, it } from "@effect/vitest"
import { AskPace } from "./AskPace.ts"

const limits = { firstMs: 20, longestMs: 200 }

describe("AskPace", () => {
  it("does not make the first one wait, and those behind it longer and longer", () => {
    const pace = new AskPace()
    let now = 5_000
    const pauses = Array.from({ length: 7 }, () => {
      const pause = pace.next(now, limits)
      now += pause
      return pause
    })
    assert.deepStrictEqual(pauses, [0, 20, 40, 80, 160, 200, 200])
  })

  it("starts over after a rest", () => {
    const pace = new AskPace()
    pace.next(0, limits)
    assert.strictEqual(pace.next(1_000, limits), 20)
    assert.strictEqual(pace.next(2_021, limits), 0)
  })
})
