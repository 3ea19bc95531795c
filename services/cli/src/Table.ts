/**
 * Table: rows of text in columns, as wide as what is in them.
 */
import { CliOutput } from "effect/cli"

const gap = "  "

/** Columns named in `numeric` stand to the right, as numbers do. */
export const table = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  numeric: ReadonlyArray<number> = []
): ReadonlyArray<string> => {
  const widths: Array<number> = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, CliOutput.displayWidth(cell))
    })
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = " ".repeat(widths[column]! - CliOutput.displayWidth(cell))
        return numeric.includes(column) ? padding + cell : cell + padding
      })
      .join(gap)
      .trimEnd()
  )
}
