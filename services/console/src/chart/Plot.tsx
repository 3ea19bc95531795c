/**
 * Plot: the chart itself. Lines are drawn in SVG, stretched to the size of the page; words stand
 * beside it, where nothing stretches them.
 */
import { type ChartState, latestOf, SPAN_MS } from "./ChartState.ts"
import { linePath, SIDE } from "./linePath.ts"
import { partOf, scaleOf } from "./Scale.ts"

const seconds = [60, 45, 30, 15, 0]

const numbers = new Intl.NumberFormat(undefined, {
  maximumSignificantDigits: 4,
  maximumFractionDigits: 1,
  roundingPriority: "morePrecision"
})

export const Plot = ({ state: { end, series } }: { readonly state: ChartState }) => {
  const scale = scaleOf([...series.values()].flatMap((points) => points.map(({ value }) => value)))
  const lines = [...series].map(([name, points], index) => {
    return { name, index, latest: latestOf(points), path: linePath(points, end, scale) }
  })
  const spoken = lines.map(({ latest, name }) => `${name}: ${latest ?? "nothing"}`).join(", ")

  return (
    <figure className="plot">
      <div className="plot-area">
        <svg
          viewBox={`0 0 ${SIDE} ${SIDE}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`The last minute. ${spoken || "No number yet"}`}
        >
          {scale.ticks.map((tick) => {
            const y = SIDE * (1 - partOf(scale, tick))
            return <line key={tick} className="grid" x1="0" x2={SIDE} y1={y} y2={y} />
          })}
          {lines.map(({ index, name, path }) => (
            <path key={name} className="series" data-series={index} data-testid="series" d={path} />
          ))}
        </svg>
        <div className="y-axis" aria-hidden="true">
          {scale.ticks.map((tick) => (
            <span key={tick} style={{ bottom: `${100 * partOf(scale, tick)}%` }}>
              {numbers.format(tick)}
            </span>
          ))}
        </div>
        {lines.length === 0 && (
          <p className="plot-empty">No number has come yet. Feed it, or publish one.</p>
        )}
      </div>
      <div className="x-axis" aria-hidden="true">
        {seconds.map((before) => (
          <span key={before} style={{ left: `${100 * (1 - (1_000 * before) / SPAN_MS)}%` }}>
            {before === 0 ? "now" : `−${before} s`}
          </span>
        ))}
      </div>
      <figcaption>
        <ul className="legend" data-testid="legend">
          {lines.map(({ index, latest, name }) => (
            <li key={name} data-series={index} data-name={name}>
              <span className="swatch" aria-hidden="true" />
              {name} <b>{latest === undefined ? "–" : numbers.format(latest)}</b>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  )
}
