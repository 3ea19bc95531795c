/**
 * Guarantees: puts rows into the table of docs/guarantees.md, between its two markers.
 * A row replaces the one of the same fault; those of faults that have not run stay.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const begin = "<!-- faults: written by npm run test:faults -- --write -->"
const end = "<!-- /faults -->"

/** `| F1 kill -9 …` → `F1` */
const faultOf = (row: string): string => row.split(" ")[1] ?? ""

const rowsOf = (table: string): ReadonlyArray<string> =>
  table.split("\n").filter((line) => line.startsWith("|"))

const numberOf = (row: string): number => Number(/^F(\d+)/.exec(faultOf(row))?.[1] ?? 0)

export const withTable = (page: string, table: string): string => {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`)
  const [head, line, ...rows] = rowsOf(table)
  const [, , ...before] = rowsOf(page.slice(from, to))
  const present = new Map([...before, ...rows].map((row) => [faultOf(row), row]))
  const sorted = [...present.values()].sort((a, b) => numberOf(a) - numberOf(b))
  const whole = [head, line, ...sorted].join("\n")
  return `${page.slice(0, from + begin.length)}\n\n${whole}\n\n${page.slice(to)}`
}

export const writeGuarantees = (table: string): void => {
  const path = fileURLToPath(new URL("../../docs/guarantees.md", import.meta.url))
  writeFileSync(path, withTable(readFileSync(path, "utf8"), table))
}
