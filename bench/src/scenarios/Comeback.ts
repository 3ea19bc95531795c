/**
 * Comeback: all connections are cut at one moment, or all connectors killed and started again, and
 * everybody comes back by itself, with the admission that Weir has as it is shipped. What is
 * looked at is what others notice of it: Redis, auth, and how late the event loops are.
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { Effect, Fiber, Ref, Schedule, type Scope } from "effect"
import { type Drive, open } from "../Driver.ts"
import type { ComebackJob, ComebackResult } from "../driver/jobs/Comeback.ts"
import type { StreamJob, StreamResult } from "../driver/jobs/Stream.ts"
import { forHandshakes, localAddresses } from "../driver/LocalAddresses.ts"
import { median } from "../Pairs.ts"
import type { Context, Figures, Scenario } from "../Scenario.ts"
import { BenchFailure } from "../System.ts"
import { type Cluster, crowdLimits, developmentToken, startCluster } from "../systems/Weir.ts"
import { metric } from "../systems/WeirNodes.ts"

const channelsOfDriver = 10
/** Publications per second in all channels together. */
const perSecond = 20
const calmSeconds = 5
/** After all are back, until publications end. */
const afterSeconds = 6
const limitSeconds = 60
const openLimitMs = 300_000

const runCli = promisify(execFile)

/** Every call that Redis has answered, whether a client or a script made it. */
const redisCalls = ({ of }: Cluster): Effect.Effect<number, BenchFailure> =>
  Effect.tryPromise({
    try: async () => {
      const port = String(of("redis")[0]!.port)
      const { stdout } = await runCli("redis-cli", ["-p", port, "info", "commandstats"])
      const calls = [...stdout.matchAll(/calls=(\d+)/g)].map(([, it]) => Number(it))
      return calls.reduce((sum, it) => sum + it, 0)
    },
    catch: (error) => new BenchFailure({ message: `redis-cli: ${error}` })
  })

const redisRate = <A>(cluster: Cluster, meanwhile: Effect.Effect<A, BenchFailure>) =>
  Effect.gen(function* () {
    const [calls, begin] = [yield* redisCalls(cluster), performance.now()]
    yield* meanwhile
    return ((yield* redisCalls(cluster)) - calls) / ((performance.now() - begin) / 1_000)
  })

const authChecks = ({ of }: Cluster) => {
  const { node, ops } = of("auth")[0]!
  const series = ["ok", "expired", "invalid"].map((it) => `weir_auth_checks_total{result="${it}"}`)
  return Effect.map(
    Effect.forEach(series, (it) => metric({ name: node, ops }, it)),
    (counts) => counts.reduce((sum, it) => sum + it, 0)
  )
}

const overConnectors = ({ of }: Cluster, series: string) =>
  Effect.forEach(of("connector"), ({ node, ops }) =>
    // One that is being started again does not answer.
    metric({ name: node, ops }, series).pipe(Effect.catch(() => Effect.succeed(0)))
  )

/** The worst p99 of 5 s, on any connector, until it is interrupted. */
const watchLag = (cluster: Cluster, worst: Ref.Ref<number>) =>
  overConnectors(cluster, "weir_connector_loop_lag_p99_seconds").pipe(
    Effect.flatMap((lags) => Ref.update(worst, (it) => Math.max(it, ...lags))),
    Effect.repeat(Schedule.spaced("250 millis"))
  )

const channelsOf = (driver: number): ReadonlyArray<string> =>
  Array.from({ length: channelsOfDriver }, (_, it) => `chat:bench-${driver}-${it}`)

const openDriver = Effect.fnUntraced(function* (
  cluster: Cluster,
  index: number,
  connections: number
) {
  const { http } = cluster.of("connector")[index]!
  const job: ComebackJob = {
    kind: "comeback",
    ...{ connections, limitSeconds, channels: channelsOf(index) },
    subscribing: {
      dialect: "weir-json",
      addresses: [http!],
      token: yield* developmentToken(http!)
    },
    localAddresses: localAddresses(index, forHandshakes)
  }
  const driver = yield* open(job, { core: undefined })
  yield* driver.event("calm", openLimitMs)
  return driver
})

const openPublisher = (cluster: Cluster, channels: ReadonlyArray<string>) => {
  const job: StreamJob = {
    kind: "stream",
    ...{ channels, perSecond },
    publishing: {
      kind: "weir",
      addresses: cluster.of("router").map(({ grpc }) => grpc!),
      key: "dev-key"
    }
  }
  return open(job, { core: undefined })
}

const refusals = ["node_rate", "lag", "memory"]

interface Plan {
  readonly connections: number
  readonly connectors: number
  /** The connectors are gone, too, until they are started again. */
  readonly kills: boolean
}

const runOnce = Effect.fnUntraced(function* (
  { connections, connectors, kills }: Plan,
  progress: Context["progress"]
): Effect.fn.Return<
  { readonly figures: Figures; readonly curve: ComebackResult["curve"] },
  BenchFailure,
  Scope.Scope
> {
  const cluster = yield* startCluster({ limits: crowdLimits }, connectors, undefined)
  const drivers: Array<Drive> = []
  for (let index = 0; index < connectors; index++) {
    drivers.push(yield* openDriver(cluster, index, Math.round(connections / connectors)))
  }
  progress(`${connections} connected`)
  const publisher = yield* openPublisher(
    cluster,
    drivers.flatMap((_, index) => channelsOf(index))
  )
  const calmRate = yield* redisRate(cluster, Effect.sleep(`${calmSeconds} seconds`))
  const checked = yield* authChecks(cluster)

  const worst = yield* Ref.make(0)
  const names = cluster.of("connector").map(({ node }) => node)
  for (const { tell } of drivers) tell(kills ? "wait" : "drop")
  // Until the 5 s are over in which the last came back.
  const watching = yield* Effect.forkScoped(watchLag(cluster, worst))
  const stormRate = yield* redisRate(
    cluster,
    Effect.gen(function* () {
      for (const verb of kills ? ["kill", "start"] : []) {
        for (const name of names) cluster.tell(`${verb} ${name}`)
      }
      for (const { event } of drivers) yield* event("back", 2 * limitSeconds * 1_000)
    })
  )
  const authCalls = (yield* authChecks(cluster)) - checked
  const refused: Record<string, number> = {}
  for (const reason of refusals) {
    const series = `weir_connector_handshakes_refused_total{reason="${reason}"}`
    const counts = yield* overConnectors(cluster, series)
    refused[reason] = counts.reduce((sum, it) => sum + it, 0)
  }
  yield* Effect.sleep(`${afterSeconds} seconds`)
  yield* Fiber.interrupt(watching)
  publisher.tell("end")
  const { result: streamed } = yield* publisher.event("result", limitSeconds * 1_000)
  const { published } = streamed as StreamResult
  const results: Array<ComebackResult> = []
  for (const [index, { event, tell }] of drivers.entries()) {
    const from = index * channelsOfDriver
    tell(JSON.stringify(published.slice(from, from + channelsOfDriver)))
    const { result } = yield* event("result", 2 * limitSeconds * 1_000)
    results.push(result as ComebackResult)
  }
  const total = (figure: "doubled" | "missed" | "notBack" | "unrecovered") =>
    results.reduce((sum, it) => sum + it[figure], 0)
  const reasons = new Set(results.flatMap((it) => it.reasons))
  progress(`tried again because: ${[...reasons].join("; ")}`)
  const figures: Figures = {
    ...{ system: "weir", version: cluster.version, connections, connectors },
    secondsUntilAllBack: Math.max(...results.map(({ backSeconds }) => backSeconds)),
    p50Millis: Math.max(...results.map(({ back }) => back.p50)) / 1_000,
    p99Millis: Math.max(...results.map(({ back }) => back.p99)) / 1_000,
    notBack: total("notBack"),
    unrecovered: total("unrecovered"),
    missed: total("missed"),
    doubled: total("doubled"),
    publications: published.reduce((sum, it) => sum + it, 0),
    authCalls,
    redisPerSecondBefore: calmRate,
    redisPerSecondInStorm: stormRate,
    loopLagP99Millis: (yield* Ref.get(worst)) * 1_000,
    refusedForRate: refused["node_rate"]!,
    refusedForLag: refused["lag"]!
  }
  const [first, ...others] = results.map(({ curve }) => curve)
  // Samples of all drivers are taken at the same time, but for what a start takes.
  const curve = first!.map(
    ([seconds, up], at) =>
      [seconds, others.reduce((sum, it) => sum + (it[at] ?? it.at(-1)!)[1], up)] as const
  )
  return { figures, curve }
})

const numberOf = (options: Context["options"], name: string, fallback: number): number => {
  const number = Number(options[name] ?? fallback)
  return number > 0 ? Math.ceil(number) : fallback
}

const noteOf = (runs: ReadonlyArray<Figures>, how: string): string => {
  const of = (figure: string) => median(runs.map((run) => Number(run[figure])))
  const sum = (figure: string) => runs.reduce((total, run) => total + Number(run[figure]), 0)
  return (
    `${of("connections")} connections, ${of("connectors")} connectors, ${how}: ` +
    `all back after ${of("secondsUntilAllBack").toFixed(1)} s; ` +
    `${sum("notBack")} not back, ${sum("unrecovered")} told that something was left out, ` +
    `${sum("missed")} deliveries missed, ${sum("authCalls")} calls to auth; Redis ` +
    `${of("redisPerSecondInStorm").toFixed(0)} operations a second, ${of("redisPerSecondBefore").toFixed(0)} before; ` +
    `event loops late by at most ${of("loopLagP99Millis").toFixed(0)} ms (p99 of 5 s)`
  )
}

export const scenario: Scenario = {
  name: "comeback",
  summary:
    "all are cut at once: who is back when, and who notices it; --connections, --connectors, --kill",
  peers: [],
  run: Effect.fnUntraced(function* ({ options, pairs, progress, scale }) {
    const kills = options["kill"] === "true"
    const how = kills ? "killed and started again" : "all cut at once"
    const plan: Plan = {
      connectors: numberOf(options, "connectors", 1),
      connections: Math.round(numberOf(options, "connections", 5_000) * scale),
      kills
    }
    const runs: Array<Effect.Success<ReturnType<typeof runOnce>>> = []
    for (let round = 0; round < pairs; round++) {
      const run = yield* Effect.scoped(runOnce(plan, progress))
      progress(noteOf([run.figures], how))
      runs.push(run)
    }
    return {
      scenario: `comeback-${plan.connections}${kills ? "-killed" : ""}`,
      settings: ["connections", "connectors"],
      runs: runs.map(({ figures }) => figures),
      ratios: {},
      charts: [
        {
          title: `${plan.connections} connections, ${how} at second 0`,
          x: "seconds",
          y: "subscribed",
          series: runs.map(({ curve }, index) => ({ name: `run ${index + 1}`, points: curve }))
        }
      ],
      notes: [
        noteOf(
          runs.map(({ figures }) => figures),
          how
        )
      ]
    }
  })
}
