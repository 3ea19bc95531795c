import { assert, describe, it } from "@effect/vitest"
import { linePath } from "./linePath.ts"

const scale = { min: 0, max: 10, ticks: [] }

const path = (...values: ReadonlyArray<number>) =>
  linePath(
    values.map((value, index) => ({ at: index * 30_000, value })),
    60_000,
    scale
  )

describe("linePath", () => {
  it("goes from the left edge to the right one, and upwards for more", () => {
    assert.strictEqual(path(0, 5, 10), "M0 1000L500 500L1000 0")
  })

  it("lifts the pen where something is missing", () => {
    assert.strictEqual(path(0, Number.NaN, 10), "M0 1000h0M1000 0h0")
  })

  it("draws nothing of nothing", () => {
    assert.strictEqual(path(), "")
  })
})
