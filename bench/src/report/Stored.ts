/**
 * Stored: the results in bench/results, as `--write` has left them.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import type { Machine } from "../Machine.ts"
import type { Result } from "../Scenario.ts"

export interface Stored extends Result {
  readonly machine?: Machine
  /** As each program says it. */
  readonly versions?: Readonly<Record<string, string>>
  /** When it ended: ISO 8601. */
  readonly date?: string
}

export const resultsDirectory = new URL("../../results/", import.meta.url)

/** By the names of the scenarios. Of what is no result of ours, nothing is taken. */
export const storedResults = (): ReadonlyArray<Stored> => {
  if (!existsSync(resultsDirectory)) return []
  return readdirSync(resultsDirectory)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => JSON.parse(readFileSync(new URL(file, resultsDirectory), "utf8")))
    .filter((result): result is Stored => Array.isArray(result?.runs))
}

export const runsByScenario = (
  stored: ReadonlyArray<Stored>
): Readonly<Record<string, Result["runs"]>> =>
  Object.fromEntries(stored.map(({ runs, scenario }) => [scenario, runs]))
