/**
 * Json: a result as one line, for programs; and as a file, for those who were not there.
 */
import type { Machine } from "../Machine.ts"
import type { Result } from "../Scenario.ts"
import type { Stored } from "./Stored.ts"

/** What each program said of itself. */
const versionsOf = ({ runs }: Result): Readonly<Record<string, string>> =>
  Object.fromEntries(
    runs.flatMap(({ system, version }) => (typeof version === "string" ? [[system, version]] : []))
  )

export const store = (result: Result, machine: Machine, date: Date): Stored => ({
  ...result,
  machine,
  versions: versionsOf(result),
  date: date.toISOString()
})

/** The last line that `--json` prints. */
export const jsonLine = ({ machine, notes, ratios, runs, scenario }: Stored): string =>
  JSON.stringify({ scenario, runs, ratios, notes, machine })

export const jsonFile = (stored: Stored): string => `${JSON.stringify(stored, null, 2)}\n`
