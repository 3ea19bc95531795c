/**
 * Options: what the command line asks for.
 */
import { parseArgs } from "node:util"
import type { Scenario } from "./Scenario.ts"

export interface Options {
  readonly scenarios: ReadonlyArray<Scenario>
  readonly seed: number
  readonly rounds: number | undefined
  readonly seconds: number | undefined
  /** Histories and logs stay here, whatever the verdict. */
  readonly keep: string | undefined
  readonly json: boolean
  readonly write: boolean
}

/** What to print instead of running, and how to end. */
export interface Refusal {
  readonly text: string
  readonly exitCode: number
}

export const usage = (
  matrix: ReadonlyArray<Scenario>
): string => `npm run test:faults -- [names…] [options]

Runs Weir as processes over a real Redis, publishes and subscribes, does harm to it,
and judges by a history of all that anybody saw: nothing acknowledged may be lost and
nobody may miss anything without being told. Without names, everything runs, for about
half an hour; a name stands also for all that begin with it and a hyphen.

${matrix.map(({ name, fault }) => `  ${name.padEnd(18)} ${fault}`).join("\n")}

  --seed N      chance, all of it but the machine's; printed with each result (1)
  --rounds N    how often a scenario repeats its fault
  --seconds S   how long those last that go on for a time: F15, F20, F22
  --keep DIR    keep every history and log there; without it only those of a failure stay
  --json        one JSON line for each scenario
  --write       put the rows of what ran into docs/guarantees.md
  --help        this

Exit code 1: something was violated. Then the shortest explanation comes first, and
where the history is: JSON lines, one event each, explained in test/faults/history.
Nothing but this machine's loopback is used, and everything ends with the command.
`

const natural = (text: string | undefined, name: string): number | undefined => {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new Error(`--${name} must be a whole number from 1, and is ${text}`)
  }
  return value
}

export const parseOptions = (
  args: ReadonlyArray<string>,
  matrix: ReadonlyArray<Scenario>
): Options | Refusal => {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seed: { type: "string" },
        rounds: { type: "string" },
        seconds: { type: "string" },
        keep: { type: "string" },
        json: { type: "boolean", default: false },
        write: { type: "boolean", default: false },
        help: { type: "boolean", default: false }
      }
    })
    if (values.help) return { text: usage(matrix), exitCode: 0 }
    const isNamed = ({ name }: Scenario, wanted: string) =>
      name.toLowerCase() === wanted.toLowerCase() ||
      name.toLowerCase().startsWith(`${wanted.toLowerCase()}-`)
    for (const wanted of positionals) {
      if (matrix.some((it) => isNamed(it, wanted))) continue
      const known = matrix.map(({ name }) => name).join(", ")
      throw new Error(`there is no ${wanted}, but ${known}`)
    }
    return {
      scenarios: matrix.filter(
        (it) => positionals.length === 0 || positionals.some((wanted) => isNamed(it, wanted))
      ),
      seed: natural(values.seed, "seed") ?? 1,
      rounds: natural(values.rounds, "rounds"),
      seconds: natural(values.seconds, "seconds"),
      keep: values.keep,
      json: values.json,
      write: values.write
    }
  } catch (error) {
    return { text: `${(error as Error).message}\n--help tells what can be asked\n`, exitCode: 2 }
  }
}
