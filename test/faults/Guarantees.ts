/**
 * Guarantees: puts the table into docs/guarantees.md, between its two markers.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const begin = "<!-- faults: written by npm run test:faults -- --write -->"
const end = "<!-- /faults -->"

export const withTable = (page: string, table: string): string => {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${table}\n${page.slice(to)}`
}

export const writeGuarantees = (table: string): void => {
  const path = fileURLToPath(new URL("../../docs/guarantees.md", import.meta.url))
  writeFileSync(path, withTable(readFileSync(path, "utf8"), table))
}
