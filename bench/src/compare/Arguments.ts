/**
 * Arguments: what `compare` is asked for.
 */
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { BenchFailure } from "../System.ts"

export interface Arguments {
  /** Directories or commits. */
  readonly base: string
  readonly head: string
  readonly rounds: number
  /** Only these figures; empty: all. */
  readonly figures: ReadonlyArray<string>
  /** Fails when the median ratio of a figure is lower. */
  readonly atLeast: number | undefined
  readonly json: boolean
  /** The scenario, and options of its own. */
  readonly scenario: ReadonlyArray<string>
}

export const usage = `npm run bench -- compare --base DIR|COMMIT [options] <scenario> [-- scenario's options]

Measures Weir of two checkouts, in turn and in fresh processes, with this harness.
A ratio is base over head: above 1, head needs less.

  --base X       a directory with a checkout, or a commit
  --head X       the same (this checkout)
  --rounds N     runs of each, in turn (5)
  --figure NAME  only this figure; may be repeated
  --at-least R   ends with 1 when the median ratio of one of the figures is lower
  --json         the last line is the result as JSON`

const flags = {
  base: { type: "string" },
  head: { type: "string" },
  rounds: { type: "string", default: "5" },
  figure: { type: "string", multiple: true, default: [] as Array<string> },
  "at-least": { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false }
} as const

/** `ownRoot`: this checkout. Undefined when help is all that is wanted. */
export const parseArguments = (
  args: ReadonlyArray<string>,
  ownRoot: string
): Effect.Effect<Arguments | undefined, BenchFailure> => {
  const refuse = (message: string) =>
    Effect.fail(new BenchFailure({ message: `${message} (--help shows all options)` }))
  const parse = () => parseArgs({ args: [...args], options: flags, allowPositionals: true })
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse()
  } catch (error) {
    return refuse((error as Error).message)
  }
  const { positionals, values } = parsed
  if (values.help) return Effect.succeed(undefined)
  const { base, figure, head = ownRoot, json } = values
  if (base === undefined) return refuse("--base: a directory or a commit is needed")
  if (positionals.length === 0) return refuse("which scenario?")
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) return refuse("--rounds: must be 1 or more")
  const atLeast = values["at-least"] === undefined ? undefined : Number(values["at-least"])
  if (Number.isNaN(atLeast)) return refuse("--at-least: must be a number such as 0.9")
  return Effect.succeed({
    ...{ base, head, rounds, atLeast, json, figures: figure, scenario: positionals }
  })
}
