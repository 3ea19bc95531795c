/**
 * Compare: Weir of one checkout against Weir of another, by one scenario.
 *
 * The harness is this checkout's for both, and measures them in turn, each time in
 * fresh processes: what differs is what lies between the two.
 */
import { fileURLToPath } from "node:url"
import { Effect, Exit, Fiber } from "effect"
import { spawn } from "./Child.ts"
import { parseArguments, usage } from "./compare/Arguments.ts"
import { type Compared, compare, type Round, table } from "./compare/Figures.ts"
import { openTree } from "./compare/Trees.ts"
import { alternate } from "./Pairs.ts"
import type { Result } from "./Scenario.ts"
import { BenchFailure } from "./System.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const harness = fileURLToPath(new URL("./main.ts", import.meta.url))

/** The whole of a scenario with pairs of its own. */
const limitMs = 3_600_000

/** Weir alone, once. */
const measure = (
  directory: string,
  scenario: ReadonlyArray<string>
): Effect.Effect<Round, BenchFailure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const options = ["--weir", directory, "--peer", "weir", "--pairs", "1", "--json"]
      const child = yield* spawn({
        command: process.execPath,
        args: [harness, ...scenario, ...options],
        name: "bench"
      })
      const line = yield* child.nextLine((it) => it.startsWith('{"scenario"'), limitMs)
      const { runs } = JSON.parse(line) as Pick<Result, "runs">
      return runs.filter(({ system }) => system === "weir")
    })
  )

const program = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
  const options = yield* parseArguments(args, root)
  if (options === undefined) return console.log(usage)
  const { atLeast, base, figures, head, json, rounds, scenario } = options
  const progress = (line: string) => console.error(line)
  const sides = [
    { name: "base", directory: yield* openTree(base, root, progress) },
    { name: "head", directory: yield* openTree(head, root, progress) }
  ]
  const [before, after] = yield* alternate(rounds, sides, ({ directory, name }, round) => {
    progress(`round ${round + 1}: ${name}`)
    return measure(directory, scenario)
  })
  const compared = compare(before!, after!).filter(
    ({ figure }) => figures.length === 0 || figures.includes(figure)
  )
  if (json) console.log(JSON.stringify({ scenario: scenario[0], base, head, compared }))
  else console.log(`${table(compared)}\n\nbase, head, and base over head: above 1, head needs less`)
  const low = ({ ratio }: Compared) => ratio.median < (atLeast ?? Number.NEGATIVE_INFINITY)
  const worse = compared.filter(low).map(({ figure, run }) => `${run}: ${figure}`)
  if (worse.length > 0) {
    return yield* new BenchFailure({ message: `below ${atLeast}:\n  ${worse.join("\n  ")}` })
  }
})

/** The exit code; everything has been said by then. */
export const main = async (args: ReadonlyArray<string>): Promise<number> => {
  const fiber = Effect.runFork(Effect.scoped(program(args)))
  // What was started ends first, and clones are removed.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void Effect.runPromise(Fiber.interrupt(fiber)))
  }
  const exit = await Effect.runPromise(Fiber.await(fiber))
  if (Exit.isSuccess(exit)) return 0
  const reason = exit.cause.reasons.find((it) => it._tag === "Fail")
  console.error(reason?.error instanceof BenchFailure ? reason.error.message : String(exit.cause))
  return 1
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)))
