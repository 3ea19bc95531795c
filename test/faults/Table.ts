/**
 * Table: outcomes as a table that people read, in a terminal and in the docs.
 */
import { hasPassed, type Outcome } from "./Run.ts"
import type { Scenario } from "./Scenario.ts"

export interface Skipped {
  readonly scenario: Scenario
  readonly why: string
  /** It was to run, and could not. */
  readonly failed: boolean
}

const columns = [
  ...["fault", "again", "class", "published", "acked", "lost", "silent gaps", "seen twice"],
  ...["writes back: p50", "p99", "max", "disconnected", "verdict"]
]

const seconds = (ms: number | undefined): string =>
  ms === undefined ? "" : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`

/** No violation: it may be the machine. */
const lateness = ({ scenario, writesBack }: Outcome): ReadonlyArray<string> => {
  const { backWithin } = scenario
  if (backWithin === undefined || writesBack === undefined) return []
  return writesBack.max > backWithin ? [`later than the ${backWithin / 1000} s we say`] : []
}

/** What follows `npm run test:faults -- ` to have it once more. */
const againOf = ({ name }: Scenario, seed: number): string => `\`${name} --seed ${seed}\``

const cellsOf = (outcome: Outcome): ReadonlyArray<string> => {
  const { disconnected, judgement, notes, scenario, seed, writesBack } = outcome
  const { acked, lost, published, silentGaps, violations } = judgement.counts
  const failed = [
    ...Object.entries(violations).map(([invariant, count]) => `${invariant} × ${count}`),
    ...outcome.unmet,
    ...outcome.complaints.slice(0, 1)
  ]
  const verdict = hasPassed(outcome) ? "holds" : `**broken**: ${failed.join("; ")}`
  return [
    `${scenario.name} ${scenario.fault}`,
    againOf(scenario, seed),
    scenario.class,
    String(published),
    String(acked),
    String(lost.prefix + lost.middle + lost.postfix),
    String(silentGaps),
    String(violations.I12 ?? 0),
    seconds(writesBack?.p50),
    seconds(writesBack?.p99),
    seconds(writesBack?.max),
    String(disconnected),
    [verdict, ...lateness(outcome), ...notes].join("; ")
  ]
}

const skippedCells = ({ failed, scenario, why }: Skipped): ReadonlyArray<string> => [
  `${scenario.name} ${scenario.fault}`,
  "",
  scenario.class,
  ...columns.slice(4).map(() => ""),
  `${failed ? "**failed**" : "not run"}: ${why}`
]

export const tableOf = (results: ReadonlyArray<Outcome | Skipped>): string => {
  const rows = results.map((it) => ("why" in it ? skippedCells(it) : cellsOf(it)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line), ""].join("\n")
}
