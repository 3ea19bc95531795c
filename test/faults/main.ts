/**
 * `npm run test:faults`: everything that may go wrong, done to Weir on this machine.
 */
import { rmSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { reportOf } from "./checker/Report.ts"
import { writeGuarantees } from "./Guarantees.ts"
import { matrix } from "./matrix/Matrix.ts"
import { parseOptions } from "./Options.ts"
import { hasPassed, type Outcome, run } from "./Run.ts"
import { type Skipped, tableOf } from "./Table.ts"

// The harness ends all processes when this one exits, whatever the reason.
process.on("SIGINT", () => process.exit(130))
process.on("SIGTERM", () => process.exit(143))

const explain = (outcome: Outcome): string => {
  const { complaints, directory, judgement, scenario, seed, unmet } = outcome
  return [
    `${scenario.name} is broken; again: npm run test:faults -- ${scenario.name} --seed ${seed}`,
    ...unmet.map((what) => `not as expected: ${what}`),
    ...complaints.map((what) => `complaint: ${what}`).slice(0, 20),
    reportOf(judgement),
    `history and logs: ${directory}`,
    ""
  ].join("\n")
}

const jsonOf = (outcome: Outcome) => {
  const { judgement, scenario, ...more } = outcome
  const { counts, violations } = judgement
  const explanations = violations.slice(0, 20).map(({ events: _, ...it }) => it)
  const { name } = scenario
  return { name, class: scenario.class, passed: hasPassed(outcome), ...more, counts, explanations }
}

const options = parseOptions(process.argv.slice(2), matrix)
if ("text" in options) {
  const out = options.exitCode === 0 ? process.stdout : process.stderr
  out.write(options.text, () => process.exit(options.exitCode))
} else {
  const results: Array<Outcome | Skipped> = []
  const root = options.keep ?? (await mkdtemp(join(tmpdir(), "weir-faults-")))
  for (const scenario of options.scenarios) {
    const why = scenario.missing?.()
    if (why !== undefined) {
      process.stderr.write(`${scenario.name}: not run: ${why}\n`)
      results.push({ scenario, why, failed: false })
      continue
    }
    const directory = resolve(root, scenario.name)
    rmSync(directory, { recursive: true, force: true })
    const outcome = await run(scenario, {
      ...{ directory, seed: options.seed, rounds: options.rounds, seconds: options.seconds },
      onProgress: (what) => process.stderr.write(`${what}\n`)
    }).catch((error: Error) => error)
    if (outcome instanceof Error) {
      process.stderr.write(`${scenario.name} failed: ${outcome.stack}\nhistory: ${directory}\n`)
      results.push({ scenario, why: outcome.message, failed: true })
      continue
    }
    results.push(outcome)
    const passed = hasPassed(outcome)
    process.stderr.write(passed ? `${scenario.name} holds\n` : explain(outcome))
    if (options.json) process.stdout.write(`${JSON.stringify(jsonOf(outcome))}\n`)
    if (passed && options.keep === undefined) rmSync(directory, { recursive: true, force: true })
  }
  const failed = results.filter((it) => ("why" in it ? it.failed : !hasPassed(it)))
  if (failed.length === 0 && options.keep === undefined) rmSync(root, { recursive: true })
  if (!options.json) process.stdout.write(`\n${tableOf(results)}`)
  if (options.write) writeGuarantees(tableOf(results))
  process.exit(failed.length === 0 ? 0 : 1)
}
