/**
 * Write: a result into bench/results, as JSON, Markdown and a picture. Whatever was
 * there of the same scenario is replaced.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { jsonFile } from "./Json.ts"
import { markdown } from "./Markdown.ts"
import { resultsDirectory, type Stored } from "./Stored.ts"
import { svg } from "./Svg.ts"

/** Gives the files that it wrote. */
export const write = (stored: Stored): ReadonlyArray<string> => {
  const { charts, scenario } = stored
  const fileOf = (ending: string) => new URL(`${scenario}.${ending}`, resultsDirectory)
  const written: Array<URL> = []
  const put = (ending: string, content: string) => {
    writeFileSync(fileOf(ending), content)
    written.push(fileOf(ending))
  }
  mkdirSync(resultsDirectory, { recursive: true })
  put("json", jsonFile(stored))
  put("md", markdown(stored, charts.length === 0 ? undefined : `${scenario}.svg`))
  if (charts.length > 0) put("svg", svg(charts))
  else rmSync(fileOf("svg"), { force: true })
  return written.map(({ pathname }) => pathname)
}
