/**
 * Line: the straight line through measured points, and how well it fits.
 */

export interface Line {
  readonly intercept: number
  readonly slope: number
  /** 1: the points are on the line. 0: a constant says as much. */
  readonly r2: number
}

export type Point = readonly [x: number, y: number]

const sumOf = (values: ReadonlyArray<number>): number =>
  values.reduce((sum, value) => sum + value, 0)

const fit = (points: ReadonlyArray<Point>, weightOf: (point: Point) => number): Line => {
  const weights = points.map(weightOf)
  const total = sumOf(weights)
  const meanX = sumOf(points.map(([x], index) => x * weights[index]!)) / total
  const meanY = sumOf(points.map(([, y], index) => y * weights[index]!)) / total
  let xx = 0
  let xy = 0
  let yy = 0
  points.forEach(([x, y], index) => {
    const weight = weights[index]!
    xx += weight * (x - meanX) ** 2
    xy += weight * (x - meanX) * (y - meanY)
    yy += weight * (y - meanY) ** 2
  })
  // One place on the x axis says nothing about a slope.
  const slope = xx === 0 ? 0 : xy / xx
  const intercept = meanY - slope * meanX
  return { intercept, slope, r2: yy === 0 || xx === 0 ? 1 : xy ** 2 / (xx * yy) }
}

/** Least squares: every point is as far off as it is, in the unit of y. */
export const lineThrough = (points: ReadonlyArray<Point>): Line => fit(points, () => 1)

/**
 * Least squares of relative errors. Points whose y span decades need it: else the
 * largest alone decides, and the intercept is its noise. All y must be above 0.
 */
export const lineThroughDecades = (points: ReadonlyArray<Point>): Line =>
  fit(points, ([, y]) => 1 / y ** 2)

export const at = ({ intercept, slope }: Line, x: number): number => intercept + slope * x
