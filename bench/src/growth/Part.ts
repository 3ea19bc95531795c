/** Part: one of the questions of a scenario that asks several. */
import type { Result } from "../Scenario.ts"

export type Part = Omit<Result, "scenario" | "settings">

export const joined = (parts: ReadonlyArray<Part>): Part => ({
  runs: parts.flatMap(({ runs }) => runs),
  ratios: Object.assign({}, ...parts.map(({ ratios }) => ratios)),
  charts: parts.flatMap(({ charts }) => charts),
  notes: parts.flatMap(({ notes }) => notes)
})
