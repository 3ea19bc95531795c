/**
 * Scale: the numbers that a chart's edge names, and where each number stands.
 */

export interface Scale {
  readonly min: number
  readonly max: number
  /** Round numbers from `min` to `max`, both included. */
  readonly ticks: ReadonlyArray<number>
}

const STEPS = [1, 2, 2.5, 5, 10]

/** A scale that holds all the values, with about as many ticks. */
export const scaleOf = (values: ReadonlyArray<number>, about = 4): Scale => {
  const known = values.filter((value) => !Number.isNaN(value))
  const low = known.length === 0 ? 0 : Math.min(...known)
  const high = known.length === 0 ? 1 : Math.max(...known)
  // A line that is flat lies in the middle.
  const margin = high === low ? Math.abs(high) / 10 || 1 : 0
  const step = stepFor((high - low + 2 * margin) / about)
  const first = Math.floor((low - margin) / step)
  const last = Math.ceil((high + margin) / step)
  const ticks = Array.from({ length: last - first + 1 }, (_, index) =>
    rounded((first + index) * step)
  )
  return { min: ticks[0]!, max: ticks.at(-1)!, ticks }
}

const stepFor = (rough: number): number => {
  const power = 10 ** Math.floor(Math.log10(rough))
  return power * STEPS.find((step) => step * power >= rough)!
}

// 0.1 × 3 is not 0.3.
const rounded = (value: number): number => Number(value.toPrecision(12))

/** Where a value stands: 0 at the lower end, 1 at the upper one. */
export const partOf = ({ max, min }: Pick<Scale, "min" | "max">, value: number): number =>
  (value - min) / (max - min)
