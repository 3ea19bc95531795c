/**
 * Latencies: a histogram of microseconds, and the figures that are read from it.
 */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks"

export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Three digits, up to an hour. */
export const latencies = (): RecordableHistogram =>
  createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 })

/** In microseconds. */
export const percentilesOf = (histogram: RecordableHistogram): Percentiles => ({
  count: histogram.count,
  p50: histogram.percentile(50),
  p90: histogram.percentile(90),
  p99: histogram.percentile(99),
  p999: histogram.percentile(99.9),
  max: histogram.count === 0 ? 0 : histogram.max
})
