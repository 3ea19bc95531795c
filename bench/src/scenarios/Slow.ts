/**
 * Slow: one in twenty subscribers stops reading. What the others notice of it, what it
 * costs the server, and what becomes of the slow ones.
 *
 * Publications are larger than elsewhere: the kernel holds some megabytes for a client
 * that does not read, and only then does a server begin to know that it is slow.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { SlowJob, SlowResult } from "../driver/jobs/Slow.ts"
import { alternate, median, ratioOf } from "../Pairs.ts"
import type { Chart, Context, Figures, Ratio, Scenario } from "../Scenario.ts"
import type { BenchFailure, System } from "../System.ts"

const usualSubscribers = 500
const slowShare = 0.05
const perSecond = 25
const dataBytes = 8_192
const usualSeconds = 30
const warmupSeconds = 3
const mebibyte = 1_048_576

interface Variant {
  readonly system: System
  /** As in the results: Weir has a variant with a log. */
  readonly name: string
  readonly channel: string
  readonly hasSlow: boolean
}

const variantsOf = (systems: ReadonlyArray<System>): ReadonlyArray<Variant> =>
  systems.flatMap((system) => {
    const unlogged = { system, name: system.name, channel: "live:bench" }
    const logged = { system, name: "weir-logged", channel: "chat:bench" }
    const kinds = system.name === "weir" ? [unlogged, logged] : [unlogged]
    return kinds.flatMap((kind) => [false, true].map((hasSlow) => ({ ...kind, hasSlow })))
  })

const fateOf = ({ closed, complete, gaps, reasons, silent }: SlowResult["stoppedOnes"]): string =>
  [
    `${complete} have everything`,
    `${gaps} were told of a gap`,
    `${closed} were closed${closed > 0 ? ` (${Object.keys(reasons).join("; ")})` : ""}`,
    `${silent} lack something unsaid`
  ].join(", ")

const runOnce = Effect.fnUntraced(function* (
  { channel, hasSlow, name, system }: Variant,
  { options, progress, scale, seconds }: Context
): Effect.fn.Return<Figures, BenchFailure, Scope.Scope> {
  const running = yield* system.start(startOptions(1, channel.startsWith("chat:")))
  const { others, publishing, servers, subscribing, version } = running
  const subscribers = Math.max(20, Math.round(usualSubscribers * scale))
  const slow = hasSlow ? Math.round(subscribers * slowShare) : 0
  const job: SlowJob = {
    kind: "slow",
    ...{ subscribing, publishing, subscribers, channel, perSecond, dataBytes, servers },
    ...{ stopped: slow, slow: 0, keys: 0, warmupSeconds },
    seconds: options["seconds"] === undefined ? usualSeconds : seconds,
    processes: [...servers, ...others]
  }
  const result = yield* drive<SlowResult>(job, { core: coresFor(1).driverCore })
  const { latency, memory, stoppedOnes } = result
  const cpuSeconds = servers.reduce((sum, it) => sum + (result.cpuSeconds[it.name] ?? 0), 0)
  const figures: Figures = {
    ...{ system: name, version, subscribers, slow },
    p50Millis: latency.p50 / 1000,
    p99Millis: latency.p99 / 1000,
    maxMillis: latency.max / 1000,
    driverLateMillis: result.lateMicros / 1000,
    serverCores: cpuSeconds / result.seconds,
    driverCores: result.driverCpuSeconds / result.seconds,
    memoryGrowthMiB: (memory.most - memory.before) / mebibyte,
    lost: result.lost,
    misordered: result.misordered,
    closed: result.closed,
    slowComplete: stoppedOnes.complete,
    slowGaps: stoppedOnes.gaps,
    slowClosed: stoppedOnes.closed,
    slowSilent: stoppedOnes.silent
  }
  progress(
    `${name}, ${slow} slow: p50 ${latency.p50 / 1000} ms, p99 ${latency.p99 / 1000} ms, ` +
      `lost ${result.lost}${slow > 0 ? `; of the slow ones ${fateOf(stoppedOnes)}` : ""}`
  )
  return figures
})

const column = (runs: ReadonlyArray<Figures>, figure: string): ReadonlyArray<number> =>
  runs.map((run) => Number(run[figure]))

const mid = (runs: ReadonlyArray<Figures>, figure: string): number => median(column(runs, figure))

const sumOf = (runs: ReadonlyArray<Figures>, figure: string): number =>
  column(runs, figure).reduce((sum, it) => sum + it, 0)

const noteOf = (without: ReadonlyArray<Figures>, beside: ReadonlyArray<Figures>): string => {
  const lost = sumOf([...without, ...beside], "lost")
  return (
    `${beside[0]!.system}: p99 of those that read ${mid(without, "p99Millis").toFixed(1)} ms, ` +
    `beside slow ones ${mid(beside, "p99Millis").toFixed(1)} ms, ${lost} lost; memory grew by ` +
    `${mid(beside, "memoryGrowthMiB").toFixed(0)} MiB (${mid(without, "memoryGrowthMiB").toFixed(0)} without); ` +
    `of ${sumOf(beside, "slow")} slow ones ${sumOf(beside, "slowComplete")} had everything in the end, ` +
    `${sumOf(beside, "slowGaps")} were told of a gap, ${sumOf(beside, "slowClosed")} closed, ` +
    `${sumOf(beside, "slowSilent")} lack something without being told`
  )
}

const chartOf = (pairs: ReadonlyArray<readonly [string, number, number]>): Chart => ({
  title: "p99 of those that read, without slow ones (0) and beside them (5)",
  x: "percent that do not read",
  y: "ms",
  series: pairs.map(([name, without, beside]) => ({
    name,
    points: [
      [0, without],
      [slowShare * 100, beside]
    ]
  }))
})

export const scenario: Scenario = {
  name: "slow",
  summary:
    "5 % of 500 subscribers stop reading: latency of all others, memory, what becomes of them",
  peers: ["ws", "socket.io", "nats", "nchan", "uwebsockets"],
  run: Effect.fnUntraced(function* (context) {
    const variants = variantsOf(context.systems)
    const rounds = yield* alternate(context.pairs, variants, (variant) =>
      Effect.scoped(runOnce(variant, context))
    )
    // Each without slow ones, and then beside them.
    const both = variants.flatMap(({ hasSlow, name }, index) =>
      hasSlow ? [{ name, without: rounds[index - 1]!, beside: rounds[index]! }] : []
    )
    const ratios: Record<string, Ratio> = {}
    for (const { beside, name, without } of both) {
      const p99 = (runs: ReadonlyArray<Figures>) => column(runs, "p99Millis")
      // Its own: 1, if nobody notices the slow ones.
      ratios[`${name}@slow/none`] = ratioOf(p99(without), p99(beside))
      if (name.startsWith("weir")) continue
      ratios[`${name}@p99`] = ratioOf(p99(both[0]!.beside), p99(beside))
    }
    return {
      scenario: "slow",
      runs: rounds.flat(),
      settings: ["subscribers", "slow"],
      ratios,
      charts: [
        chartOf(
          both.map(({ beside, name, without }) => [
            name,
            mid(without, "p99Millis"),
            mid(beside, "p99Millis")
          ])
        )
      ],
      notes: [
        ...both.map(({ beside, without }) => noteOf(without, beside)),
        "`…@slow/none`: a system's own p99 beside slow ones over that without any; `…@p99`: a peer's beside slow ones over Weir's"
      ]
    }
  })
}
