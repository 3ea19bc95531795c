/**
 * ChartState: the numbers of a channel as lines over time, and how each publication goes on
 * with them.
 */
import type { Gap } from "@weir/client/Progress"
import type { Publication } from "@weir/client/Publication"

export interface Point {
  /** When it was published, in Unix milliseconds. */
  readonly at: number
  /** NaN: something is missing here, and the line is broken. */
  readonly value: number
}

export interface ChartState {
  /** By name, in the order in which they appeared; each the oldest point first. */
  readonly series: ReadonlyMap<string, ReadonlyArray<Point>>
  /** When the newest point was published; the chart ends there. */
  readonly end: number
  /** Publications in which there was no number. */
  readonly ignored: number
}

export type ChartEvent =
  | {
      readonly type: "publication"
      readonly publication: Pick<Publication, "data" | "publisher" | "publishedAt">
    }
  | { readonly type: "gap"; readonly gap: Pick<Gap, "reason"> }

export const emptyChart: ChartState = { series: new Map(), end: 0, ignored: 0 }

export const SPAN_MS = 60_000
export const MAX_SERIES = 8
// Ten a second over the whole span.
const MAX_POINTS = 600

export const chartAfter = (state: ChartState, event: ChartEvent): ChartState => {
  if (event.type === "gap") return broken(state)
  const { data, publishedAt, publisher } = event.publication
  const readings = readingsOf(data, publisher || "value")
  if (readings.length === 0) return { ...state, ignored: state.ignored + 1 }
  // A new owner's clock may be a little behind: time goes on, whatever it says.
  const end = Math.max(state.end, publishedAt)
  const series = inSpan(state.series, end)
  for (const [name, value] of readings) {
    const known = series.get(name) ?? []
    if (known.length === 0 && series.size >= MAX_SERIES) continue
    series.set(name, [...known, { at: end, value }].slice(-MAX_POINTS))
  }
  return { ...state, series, end }
}

/** A number alone goes by who published it; `series` holds several with names of their own. */
const readingsOf = (data: unknown, name: string): ReadonlyArray<readonly [string, number]> => {
  if (isNumber(data)) return [[name, data]]
  if (typeof data !== "object" || data === null) return []
  if ("value" in data && isNumber(data.value)) return [[name, data.value]]
  if (!("series" in data) || typeof data.series !== "object" || data.series === null) return []
  return Object.entries(data.series).filter((entry): entry is [string, number] =>
    isNumber(entry[1])
  )
}

const isNumber = (value: unknown): value is number => Number.isFinite(value)

/** What ended before the chart begins is forgotten, and its place is free. */
const inSpan = (series: ChartState["series"], end: number) => {
  const kept = new Map<string, ReadonlyArray<Point>>()
  for (const [name, points] of series) {
    const first = points.findIndex(({ at }) => at >= end - SPAN_MS)
    // One more, so that the line comes in from the edge.
    if (first !== -1) kept.set(name, points.slice(Math.max(0, first - 1)))
  }
  return kept
}

const broken = (state: ChartState): ChartState => {
  const series = new Map(state.series)
  for (const [name, points] of series) {
    const { at, value } = points.at(-1)!
    if (!Number.isNaN(value)) series.set(name, [...points, { at, value: Number.NaN }])
  }
  return { ...state, series }
}

/** The newest number of a line. */
export const latestOf = (points: ReadonlyArray<Point>): number | undefined =>
  points.findLast(({ value }) => !Number.isNaN(value))?.value
