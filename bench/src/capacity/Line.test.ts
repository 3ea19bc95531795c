import { assert, describe, it } from "@effect/vitest"
import { at, lineThrough, lineThroughDecades, type Point } from "./Line.ts"

const on = (xs: ReadonlyArray<number>, a: number, b: number): ReadonlyArray<Point> =>
  xs.map((x) => [x, a + b * x])

describe("lineThrough", () => {
  it("finds the line that the points are on", () => {
    const line = lineThrough(on([1, 2, 5, 9], 3, -0.5))
    assert.closeTo(line.intercept, 3, 1e-12)
    assert.closeTo(line.slope, -0.5, 1e-12)
    assert.closeTo(line.r2, 1, 1e-12)
    assert.closeTo(at(line, 4), 1, 1e-12)
  })

  it("says how little a line explains of points that follow none", () => {
    const { r2 } = lineThrough([
      [0, 1],
      [1, 0],
      [2, 0],
      [3, 1]
    ])
    assert.closeTo(r2, 0, 1e-12)
  })

  it("takes a single place for a constant", () => {
    const points: ReadonlyArray<Point> = [
      [2, 4],
      [2, 6]
    ]
    assert.deepStrictEqual(lineThrough(points), { intercept: 5, slope: 0, r2: 1 })
  })
})

describe("lineThroughDecades", () => {
  it("keeps the intercept when the largest point is off by some percent", () => {
    const points = on([100, 300, 1_000, 3_000, 10_000], 40, 1)
    const noisy = points.map(([x, y]): Point => [x, x === 10_000 ? y * 1.05 : y])
    assert.closeTo(lineThroughDecades(noisy).intercept, 40, 5)
    assert.isBelow(lineThrough(noisy).intercept, 0)
  })
})
