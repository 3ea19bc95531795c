/**
 * Metrics: what one of Weir's processes says of itself at `/metrics`.
 */

/** A series by its whole name; 0 if there is none. */
export const scrape = async (ops: string, series: string): Promise<number> => {
  const text = await (await fetch(`http://${ops}/metrics`)).text()
  const line = text.split("\n").find((it) => it.startsWith(`${series} `))
  return line === undefined ? 0 : Number(line.slice(series.length + 1))
}
