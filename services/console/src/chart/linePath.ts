/**
 * linePath: a line of the chart as SVG draws it, in a square of 1,000 by 1,000.
 */
import { type Point, SPAN_MS } from "./ChartState.ts"
import { partOf, type Scale } from "./Scale.ts"

export const SIDE = 1_000

/** Begins anew after each break. A point alone is a line of no length: round ends make it a dot. */
export const linePath = (points: ReadonlyArray<Point>, end: number, scale: Scale): string => {
  let path = ""
  let isDown = false
  for (const [index, { at, value }] of points.entries()) {
    if (Number.isNaN(value)) {
      isDown = false
      continue
    }
    const place = `${inSide(partOf({ min: end - SPAN_MS, max: end }, at))} ${inSide(1 - partOf(scale, value))}`
    const next = points[index + 1]
    const isAlone = !isDown && (next === undefined || Number.isNaN(next.value))
    path += `${isDown ? "L" : "M"}${place}${isAlone ? "h0" : ""}`
    isDown = true
  }
  return path
}

const inSide = (part: number): number => Math.round(part * SIDE * 10) / 10
