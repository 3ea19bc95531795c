/**
 * Latency: how long a publication needs from a service to a client, over two processes,
 * while there is little to do: Weir's router and connector, beside a bare pipeline of
 * the same libraries.
 *
 * A driver that watches its sockets without a pause needs a core of its own, and with two
 * cores all of a system would share the other one: what was measured then was how long
 * publications waited for it. So where there are few, the driver looks every 0.1 ms instead,
 * which is in the latencies of both systems alike, and everybody runs where there is room.
 */
import { Effect, type Scope } from "effect"
import { drive } from "../Driver.ts"
import type { LatencyJob, LatencyResult, Mode } from "../driver/jobs/Latency.ts"
import { canPin, coreCount } from "../Machine.ts"
import { alternate, median, ratioOf } from "../Pairs.ts"
import type { Chart, Context, Figures, Ratio, Scenario } from "../Scenario.ts"
import type { BenchFailure, Process, Subscribing } from "../System.ts"
import { system as pipeline } from "../systems/Pipeline.ts"
import { processesOf, type Store, startNodes } from "../systems/WeirNodes.ts"
import { benchIssuer, signToken } from "../Token.ts"

const perSecond = 1_000
const warmupSeconds = 3
const key = "dev-key"

/** One for the driver, one for each hop, and one for the rest of the machine. */
const hasRoom = canPin && coreCount >= 4

const driverCore = hasRoom ? coreCount - 1 : undefined
const connectorCore = hasRoom ? 0 : undefined
const otherCore = hasRoom ? 1 : undefined
const napMs = hasRoom ? undefined : 0.05

type Log = "unlogged" | "memory" | "redis"

interface Variant {
  readonly system: "weir" | "pipeline"
  readonly mode: Mode
  readonly log: Log
}

interface Stage {
  readonly version: string
  readonly subscribing: Subscribing
  readonly address: string
  readonly channel: string
  readonly processes: ReadonlyArray<Process>
}

const weirStage = Effect.fnUntraced(function* (
  log: Log
): Effect.fn.Return<Stage, BenchFailure, Scope.Scope> {
  const store: Store = log === "redis" ? "redis" : "memory"
  const nodes = yield* startNodes({
    store,
    counts: { router: 1, connector: 1, presence: 1, auth: 1 },
    coreOf: (role) => (role === "connector" ? connectorCore : otherCore)
  })
  const addresses = nodes.of("connector").map(({ http }) => http!)
  const token = signToken(benchIssuer, "bench", Date.now())
  return {
    version: nodes.version,
    subscribing: { dialect: "weir-json", addresses, token },
    address: nodes.of("router")[0]!.grpc!,
    channel: log === "unlogged" ? "live:bench" : "chat:bench",
    processes: processesOf(nodes)
  }
})

/** Its one log is Redis: what Weir keeps in memory is compared with keeping nothing. */
const pipelineStage = Effect.fnUntraced(function* (
  log: Log
): Effect.fn.Return<Stage, BenchFailure, Scope.Scope> {
  const running = yield* pipeline.start({
    ...{ serverCore: connectorCore, otherCore, servers: 1, logged: log === "redis" }
  })
  const { others, publishing, servers, subscribing, version } = running
  const address = "addresses" in publishing ? publishing.addresses[0]! : publishing.address
  return {
    version,
    subscribing,
    address,
    channel: "live:bench",
    processes: [...servers, ...others]
  }
})

const millis = (micros: number): number => micros / 1000

const measure = ({ log, mode, system }: Variant, seconds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { version, ...stage } = yield* system === "weir" ? weirStage(log) : pipelineStage(log)
      const job: LatencyJob = {
        ...{ kind: "latency", ...stage, key, mode, perSecond, warmupSeconds, seconds },
        ...(napMs === undefined ? {} : { napMs })
      }
      const result = yield* drive<LatencyResult>(job, { core: driverCore })
      const { cpuSeconds, late, latency, lost, misordered, publications, refused } = result
      const cores = Object.values(cpuSeconds).reduce((sum, it) => sum + it, 0) / result.seconds
      const figures: Figures = {
        ...{ system, version, variant: `${mode}, ${log}`, mode, log, perSecond, publications },
        p50Ms: millis(latency.p50),
        p90Ms: millis(latency.p90),
        p99Ms: millis(latency.p99),
        p999Ms: millis(latency.p999),
        maxMs: millis(latency.max),
        // Part of all of the above; where it is not small, the driver was held up.
        sentLateP50Ms: millis(late.p50),
        sentLateP99Ms: millis(late.p99),
        ...{ cores, refused, lost, misordered }
      }
      return figures
    })
  )

const modes: ReadonlyArray<Mode> = ["stream", "unary"]
const logs: ReadonlyArray<Log> = ["unlogged", "memory", "redis"]

/** What Weir's memory log is compared with is the pipeline that keeps nothing. */
const peerLog = (log: Log): Log => (log === "redis" ? "redis" : "unlogged")

const p50 = (runs: ReadonlyArray<Figures>) => runs.map((run) => Number(run["p50Ms"]))

const say = (label: string, runs: ReadonlyArray<Figures>): string => {
  const of = (figure: string) => median(runs.map((run) => Number(run[figure]))).toFixed(2)
  return `${label}: p50 ${of("p50Ms")} ms, p99 ${of("p99Ms")} ms, p99.9 ${of("p999Ms")} ms`
}

/** Of the driver, half of the time: far below what either system needs. */
const mostLateMs = 0.15

/** One in so many publications took longer. */
const percentiles = [
  [2, "p50Ms"],
  [10, "p90Ms"],
  [100, "p99Ms"],
  [1_000, "p999Ms"]
] as const

const chartOf =
  (runs: ReadonlyArray<Figures>) =>
  (mode: Mode): Chart => {
    const same = runs.filter((run) => run["mode"] === mode)
    const nameOf = ({ log, system }: Figures) => `${system}, ${log}`
    return {
      title: `From ${mode === "stream" ? "a stream" : "a unary call"} to the client`,
      x: "one publication in so many took longer",
      y: "milliseconds",
      series: [...new Set(same.map(nameOf))].map((name) => ({
        name,
        points: percentiles.map(([oneIn, figure]) => {
          const values = same
            .filter((run) => nameOf(run) === name)
            .map((run) => Number(run[figure]))
          return [oneIn, median(values)] as const
        })
      }))
    }
  }

export const scenario: Scenario = {
  name: "latency",
  summary: "1,000 publications/s to one subscriber over two hops: p50, p99 and p99.9",
  peers: ["pipeline"],
  run: Effect.fnUntraced(function* ({ pairs, progress, seconds, systems }: Context) {
    const withPeer = systems.some(({ name }) => name === "pipeline")
    const runs: Array<Figures> = []
    const ratios: Record<string, Ratio> = {}
    const notes: Array<string> = []
    for (const mode of modes) {
      const weir = logs.map((log): Variant => ({ system: "weir", mode, log }))
      const peers = withPeer
        ? (["unlogged", "redis"] as const).map(
            (log): Variant => ({ system: "pipeline", mode, log })
          )
        : []
      const variants = [...weir, ...peers]
      const rounds = yield* alternate(pairs, variants, (variant, round) => {
        progress(`round ${round + 1}: ${variant.system}, ${mode}, ${variant.log}`)
        return measure(variant, seconds)
      })
      const of = (system: Variant["system"], log: Log) =>
        rounds[variants.findIndex((it) => it.system === system && it.log === log)]!
      for (const { log, system } of variants) {
        notes.push(say(`${system}, ${mode}, ${log}`, of(system, log)))
      }
      for (const log of withPeer ? logs : []) {
        const suffix = log === "unlogged" ? "" : `-${log}`
        const peer = of("pipeline", peerLog(log))
        ratios[`pipeline@${mode}${suffix}`] = ratioOf(p50(of("weir", log)), p50(peer))
      }
      runs.push(...rounds.flat())
    }
    const sumOf = (figure: string) => runs.reduce((sum, run) => sum + Number(run[figure]), 0)
    notes.push(
      "ratios: the pipeline's p50 over Weir's; 0.56 is 1.8 times as long",
      `of ${sumOf("publications")} publications ${sumOf("lost")} were lost, ${sumOf("misordered")} were out of order and ${sumOf("refused")} were refused because too many waited`
    )
    const heldUp = runs.filter((run) => Number(run["sentLateP50Ms"]) > mostLateMs).length
    if (heldUp > 0) {
      notes.push(
        `${heldUp} of ${runs.length} runs are not to be trusted: the driver itself came too late, so this machine had other things to do`
      )
    }
    return { scenario: "latency", runs, ratios, charts: modes.map(chartOf(runs)), notes }
  })
}
