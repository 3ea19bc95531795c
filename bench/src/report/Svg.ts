/**
 * Svg: charts as one picture that can be read on white and on black: lines over numbers,
 * and bars where a series is but one point.
 */
import type { Chart, Series } from "../Scenario.ts"

const width = 720
const height = 360
const margin = { left: 72, right: 168, top: 40, bottom: 48 }
const plotWidth = width - margin.left - margin.right
const plotHeight = height - margin.top - margin.bottom

/** Seen on white and on black, and told apart by those who see red and green alike. */
const colours = [
  ...["#3b82f6", "#e8743b", "#14a08c", "#a855f7", "#d4a017"],
  ...["#e0529c", "#7a8699", "#65a30d", "#ef4444", "#0ea5e9"]
]

const style = `<style>
text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:14px}
.grid{stroke:#ddd}.axis{stroke:#888}.line{fill:none;stroke-width:2}
@media (prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}}
</style>`

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

interface Scale {
  readonly at: (value: number) => number
  readonly ticks: ReadonlyArray<number>
}

/** From here on, the small ones would lie on one another. */
const logarithmicFrom = 20
const tickCount = 5

const powersOf10 = (least: number, most: number): ReadonlyArray<number> => {
  const from = Math.floor(Math.log10(least))
  const to = Math.ceil(Math.log10(most))
  return Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index))
}

const roundStep = (most: number): number => {
  const rough = most / tickCount
  const power = 10 ** Math.floor(Math.log10(rough))
  return power * ([1, 2, 5, 10].find((it) => it * power >= rough) ?? 10)
}

/** Logarithmic where the values are far apart, and from 0 elsewhere. */
const scaleOf = (values: ReadonlyArray<number>, length: number, isTight = false): Scale => {
  const least = Math.min(...values)
  const most = Math.max(...values, least + Number.EPSILON)
  if (least > 0 && most / least >= logarithmicFrom) {
    const ticks = powersOf10(least, most)
    const [low, high] = isTight ? [least, most] : [ticks[0]!, ticks.at(-1)!]
    const [from, to] = [Math.log10(low), Math.log10(high)]
    const at = (value: number) => ((Math.log10(value) - from) / (to - from)) * length
    return { at, ticks: ticks.filter((tick) => tick >= low && tick <= high) }
  }
  const step = roundStep(most)
  const top = Math.ceil(most / step) * step
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step)
  return { at: (value) => (value / top) * length, ticks }
}

const label = (value: number): string =>
  value >= 10_000
    ? `${Number((value / 1000).toPrecision(3))}k`
    : String(Number(value.toPrecision(3)))

const text = (x: number, y: number, content: string, anchor = "middle", more = ""): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"${more}>${escape(content)}</text>`

const line = (x1: number, y1: number, x2: number, y2: number, kind: string): string =>
  `<line class="${kind}" x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"/>`

const horizontals = (y: Scale): string =>
  y.ticks
    .map((tick) => {
      const at = plotHeight - y.at(tick)
      return line(0, at, plotWidth, at, "grid") + text(-8, at + 4, label(tick), "end")
    })
    .join("")

const lines = (series: ReadonlyArray<Series>, y: Scale): string => {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))]
  const x = scaleOf(xs, plotWidth, true)
  // Few are better named as they are than by round numbers.
  const ticks = xs.length <= tickCount + 1 ? xs : x.ticks
  const names = ticks.map((tick) => text(x.at(tick), plotHeight + 18, label(tick))).join("")
  const drawn = series.map(({ name, points }, index) => {
    const colour = colours[index % colours.length]
    const places = points.map(([px, py]) => [x.at(px), plotHeight - y.at(py)] as const)
    const path = places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ")
    const dots = places.map(
      ([px, py]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3" fill="${colour}"/>`
    )
    const legend =
      `<circle cx="${plotWidth + 20}" cy="${8 + index * 20}" r="5" fill="${colour}"/>` +
      text(plotWidth + 32, 12 + index * 20, name, "start")
    return `<polyline class="line" stroke="${colour}" points="${path}"/>${dots.join("")}${legend}`
  })
  return names + drawn.join("")
}

const bars = (series: ReadonlyArray<Series>, y: Scale): string => {
  const room = plotWidth / series.length
  return series
    .map(({ name, points }, index) => {
      const value = points[0]![1]
      const [left, tall] = [index * room + room * 0.15, y.at(value)]
      const colour = colours[index % colours.length]
      const box = `<rect x="${left.toFixed(1)}" y="${(plotHeight - tall).toFixed(1)}" width="${(room * 0.7).toFixed(1)}" height="${tall.toFixed(1)}" fill="${colour}"/>`
      const middle = (index + 0.5) * room
      return (
        box +
        text(middle, plotHeight - tall - 5, label(value)) +
        text(middle, plotHeight + 18, name)
      )
    })
    .join("")
}

const isDrawn = ([x, y]: readonly [number, number]): boolean =>
  Number.isFinite(x) && Number.isFinite(y)

const drawChart = (chart: Chart, top: number): string => {
  const series = chart.series
    .map((it) => ({ ...it, points: it.points.filter(isDrawn) }))
    .filter(({ points }) => points.length > 0)
  if (series.length === 0) return ""
  const areBars = series.every(({ points }) => points.length === 1)
  const ys = series.flatMap(({ points }) => points.map(([, y]) => y))
  // The length of a bar is what it says, so it begins at 0.
  const y = scaleOf(areBars ? [0, ...ys] : ys, plotHeight)
  const axes = line(0, plotHeight, plotWidth, plotHeight, "axis")
  const body = areBars ? bars(series, y) : lines(series, y)
  return (
    `<g transform="translate(${margin.left},${top + margin.top})">` +
    text(0, -18, chart.title, "start", ' class="title"') +
    horizontals(y) +
    axes +
    body +
    text(plotWidth / 2, plotHeight + 38, chart.x) +
    text(-plotHeight / 2, -52, chart.y, "middle", ' transform="rotate(-90)"') +
    "</g>"
  )
}

/** All charts, one below the other. */
export const svg = (charts: ReadonlyArray<Chart>): string => {
  const tall = charts.length * height
  const drawn = charts.map((chart, index) => drawChart(chart, index * height)).join("\n")
  // For who hears the page, and in place of a tooltip.
  const title = `<title>${escape(charts.map((chart) => chart.title).join("; "))}</title>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" width="${width}" height="${tall}">\n${title}\n${style}\n${drawn}\n</svg>\n`
}
