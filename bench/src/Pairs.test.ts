import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { alternate, median, ratioOf } from "./Pairs.ts"

describe("alternate", () => {
  it.effect("runs systems in turn, in reverse in every other round", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const runs = yield* alternate(3, ["a", "b"], (name, round) =>
        Effect.sync(() => {
          order.push(name)
          return `${name}${round}`
        })
      )
      assert.deepStrictEqual(order, ["a", "b", "b", "a", "a", "b"])
      assert.deepStrictEqual(runs, [
        ["a0", "a1", "a2"],
        ["b0", "b1", "b2"]
      ])
    })
  )
})

describe("ratioOf", () => {
  it("compares those of one round only, and is above 1 where Weir needs less", () => {
    // The machine was three times as slow in the second round: that is nobody's merit.
    const ratio = ratioOf([1, 3, 2], [2, 6, 2])
    assert.deepStrictEqual(ratio, { median: 2, min: 1, max: 2, pairs: 3 })
  })
})

describe("median", () => {
  it("is between the two in the middle", () => {
    assert.strictEqual(median([10, 1, 2, 3]), 2.5)
    assert.strictEqual(median([9, 1, 5]), 5)
    assert.isNaN(median([]))
  })
})
