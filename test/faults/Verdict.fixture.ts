/**
 * Verdict: a scenario as a test.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { reportOf } from "./checker/Report.ts"
import { hasPassed, type Outcome, type RunOptions, run } from "./Run.ts"
import type { Scenario } from "./Scenario.ts"

/** The history stays where it is if it does not hold. */
export const holds = async (
  scenario: Scenario,
  options: Omit<RunOptions, "directory">
): Promise<Outcome> => {
  const directory = await mkdtemp(join(tmpdir(), "weir-faults-"))
  const outcome = await run(scenario, { ...options, directory })
  const { complaints, judgement, unmet } = outcome
  const why = [...unmet, ...complaints, reportOf(judgement), `seed ${options.seed}`, directory]
  assert.isTrue(hasPassed(outcome), why.join("\n"))
  await rm(directory, { recursive: true })
  return outcome
}
