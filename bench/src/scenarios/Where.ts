/**
 * Where: in whose code the processes of Weir spend their time under the loads of other
 * scenarios, for whoever asks why a figure is not better.
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { type CpuProfile, places, sharesOf } from "../report/CpuProfile.ts"
import type { Context, Figures, Scenario } from "../Scenario.ts"
import type { BenchFailure } from "../System.ts"
import { temporaryDirectory } from "../systems/TemporaryDirectory.ts"
import * as Fanout from "./Fanout.ts"
import { logs, publishing, unaryOfWeir } from "./Publish.ts"

interface Load {
  readonly name: string
  /** The process that the figures of this load are about. */
  readonly node: string
  readonly run: (context: Context) => Effect.Effect<unknown, BenchFailure, Scope.Scope>
}

const fanout = (perTurn: number): Load => ({
  name: `fanout, ${perTurn} per turn`,
  node: "connector-1",
  run: (context) => {
    const options = { ...context.options, "per-turn": String(perTurn) }
    return Fanout.scenario.run({ ...context, pairs: 1, options })
  }
})

const loads: ReadonlyArray<Load> = [
  ...[1, 8, 32].map(fanout),
  ...logs.map(
    (log): Load => ({
      name: `stream, ${log.name}, 64 channels`,
      node: "router-1",
      run: ({ seconds }) => publishing(log, 64, seconds)
    })
  ),
  ...logs.map(
    (log): Load => ({
      name: `calls, ${log.name}`,
      node: "router-1",
      run: ({ seconds }) => unaryOfWeir(log, seconds)
    })
  )
]

const readProfile = async (directory: string, node: string): Promise<CpuProfile> => {
  const file = (await readdir(directory)).find((it) => it.startsWith(`${node}-`))
  if (file === undefined) throw new Error(`${node} has left no profile`)
  return JSON.parse(await readFile(join(directory, file), "utf8"))
}

const noteOf = (run: Figures): string => {
  const shares = places.map((place) => `${place} ${Math.round(Number(run[place]) * 100)} %`)
  return `${run["load"]} (${run["process"]}): ${shares.join(", ")}`
}

const measure = Effect.fnUntraced(function* (load: Load, context: Context) {
  const directory = yield* temporaryDirectory
  // The processes of a run are ours, and have our environment.
  process.env["WEIR_PROFILE"] = "cpu"
  process.env["WEIR_PROFILE_DIRECTORY"] = directory
  yield* Effect.scoped(load.run(context))
  const shares = sharesOf(yield* Effect.promise(() => readProfile(directory, load.node)))
  const figures: Figures = { system: "weir", load: load.name, process: load.node, ...shares }
  context.progress(noteOf(figures))
  return figures
})

export const scenario: Scenario = {
  name: "where",
  summary: "in whose code the time goes: a profile of a process under each load",
  peers: [],
  run: Effect.fnUntraced(function* (context) {
    const runs: Array<Figures> = []
    for (const load of loads) runs.push(yield* Effect.scoped(measure(load, context)))
    return {
      scenario: "where",
      runs,
      settings: ["load", "process"],
      ratios: {},
      charts: [],
      notes: runs.map(noteOf)
    }
  })
}
