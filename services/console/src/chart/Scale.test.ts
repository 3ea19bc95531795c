import { assert, describe, it } from "@effect/vitest"
import { partOf, scaleOf } from "./Scale.ts"

describe("Scale", () => {
  it.each([
    [
      [0, 100],
      [0, 25, 50, 75, 100]
    ],
    [
      [3, 97],
      [0, 25, 50, 75, 100]
    ],
    [
      [0.11, 0.29],
      [0.1, 0.15, 0.2, 0.25, 0.3]
    ],
    [
      [-5, 5],
      [-5, -2.5, 0, 2.5, 5]
    ],
    [
      [1_000_000, 1_000_003],
      [1_000_000, 1_000_001, 1_000_002, 1_000_003]
    ],
    [
      [7, 7],
      [6, 6.5, 7, 7.5, 8]
    ],
    [
      [0, 0],
      [-1, -0.5, 0, 0.5, 1]
    ],
    [[], [0, 0.25, 0.5, 0.75, 1]],
    [
      [1, Number.NaN, 2],
      [1, 1.25, 1.5, 1.75, 2]
    ]
  ])("names round numbers around %j", (values, ticks) => {
    assert.deepStrictEqual(scaleOf(values).ticks, ticks)
  })

  it("places a value between its ends", () => {
    assert.strictEqual(partOf({ min: 10, max: 20 }, 12.5), 0.25)
  })
})
