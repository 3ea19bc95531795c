/**
 * ProtocolTables: the features, endings and failures of libs/core as `docs/protocol.md` tells them.
 *
 * Run with Node, this file prints the tables, ready to be pasted.
 */
import { closeCodes } from "@weir/core/CloseCode"
import { failures } from "@weir/core/Failure"
import { features } from "@weir/core/Feature"

export interface Table {
  readonly heading: string
  readonly columns: ReadonlyArray<string>
  /** As they stand in the file, one space around each cell. */
  readonly rows: ReadonlyArray<string>
}

const rowOf = (cells: ReadonlyArray<string | number>): string => `| ${cells.join(" | ")} |`
const yesOrNo = (it: boolean): string => (it ? "yes" : "no")

export const optional: Table = {
  heading: "Features",
  columns: ["Feature", "Meaning"],
  rows: Object.entries(features).map(rowOf)
}

export const endings: Table = {
  heading: "Endings",
  columns: ["Code", "Name", "Meaning", "May come back", "After"],
  rows: Object.values(closeCodes).map((close) =>
    rowOf([
      close.code,
      close.name,
      close.meaning,
      yesOrNo(close.mayReturn),
      "after" in close ? `${close.after.min}–${close.after.max} ms` : ""
    ])
  )
}

export const refusals: Table = {
  heading: "Failures",
  columns: ["Code", "Meaning", "Worth another try"],
  rows: Object.entries(failures).map(([code, { meaning, retryable }]) =>
    rowOf([code, meaning, yesOrNo(retryable)])
  )
}

export const markdownOf = ({ columns, heading, rows }: Table): string =>
  [`## ${heading}`, "", rowOf(columns), rowOf(columns.map(() => "---")), ...rows, ""].join("\n")

const isSeparator = (row: string | undefined): boolean =>
  row !== undefined && /^\|(?: *:?-+:? *\|)+$/.test(row)

/** The rows of the tables under a heading, up to the next one, without their column names. */
export const rowsUnder = (heading: string, text: string): ReadonlyArray<string> => {
  const section = text.split(/^#+ +/m).find((it) => it.split("\n", 1)[0]!.trim() === heading) ?? ""
  return section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      rowOf(
        line
          .trim()
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim())
      )
    )
    .filter((row, index, all) => !isSeparator(row) && !isSeparator(all[index + 1]))
}

if (import.meta.main) console.log([optional, endings, refusals].map(markdownOf).join("\n"))
