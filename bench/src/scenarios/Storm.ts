/**
 * Storm: everybody loses the connection at one moment, and a second later everybody
 * comes back at one moment, with the position that each had: how long until all are
 * subscribed again, what that costs whom, and who has missed what.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { StormJob, StormResult } from "../driver/jobs/Storm.ts"
import { forHandshakes, localAddresses } from "../driver/LocalAddresses.ts"
import { alternate, median, ratioOf } from "../Pairs.ts"
import type { Chart, Context, Figures, Ratio, Scenario } from "../Scenario.ts"
import type { BenchFailure, Process, System } from "../System.ts"
import { recoverySystem } from "../systems/SocketIo.ts"

const usualConnections = 5_000
/** Few publications in each: what comes back is measured, and not what is delivered. */
const channels = Array.from({ length: 10 }, (_, index) => `chat:bench-${index}`)
const perSecond = 20
const calmSeconds = 3
/** Long enough that something is published in every channel. */
const awaySeconds = 1
const limitSeconds = 60

/** With all that it has for those who come back. */
const forStorms = (system: System): System =>
  system.name === recoverySystem.name ? recoverySystem : system

const cpuOf = (result: StormResult, processes: ReadonlyArray<Process>, role = ""): number =>
  processes
    .filter(({ name }) => name.startsWith(role))
    .reduce((sum, { name }) => sum + (result.cpuSeconds[name] ?? 0), 0)

const runOnce = Effect.fnUntraced(function* (
  system: System,
  { progress, scale }: Context
): Effect.fn.Return<Figures, BenchFailure, Scope.Scope> {
  const running = yield* forStorms(system).start(startOptions(1, true))
  const { others, publishing, servers, subscribing, version } = running
  const connections = Math.max(channels.length, Math.round(usualConnections * scale))
  const job: StormJob = {
    kind: "storm",
    ...{ subscribing, publishing, connections, channels, perSecond },
    ...{ calmSeconds, awaySeconds, limitSeconds },
    processes: [...servers, ...others],
    localAddresses: localAddresses(1, forHandshakes)
  }
  const result = yield* drive<StormResult>(job, { core: coresFor(1).driverCore })
  const isWeir = system.name === "weir"
  const figures: Figures = {
    ...{ system: system.name, version, connections },
    secondsUntilAllBack: result.notBack > 0 ? null : result.backSeconds,
    p50Millis: result.back.p50 / 1000,
    p99Millis: result.back.p99 / 1000,
    serverCpuSeconds: cpuOf(result, servers),
    serverCpuMicrosPerReturn: (cpuOf(result, servers) / connections) * 1e6,
    authCpuSeconds: isWeir ? cpuOf(result, others, "auth") : null,
    routerCpuSeconds: isWeir ? cpuOf(result, others, "router") : null,
    othersCpuSeconds: cpuOf(result, others),
    driverCores: result.driverCpuSeconds / result.seconds,
    notBack: result.notBack,
    retried: result.retried,
    missed: result.missed,
    doubled: result.doubled,
    unrecovered: result.unrecovered,
    publications: result.publications
  }
  progress(
    `${system.name}: ${connections - result.notBack} back after ${result.backSeconds.toFixed(2)} s, ` +
      `${cpuOf(result, servers).toFixed(2)} CPU s, ${result.retried} tried again` +
      `${result.reasons.length > 0 ? ` (${result.reasons.join("; ")})` : ""}, ` +
      `missed ${result.missed}, doubled ${result.doubled}`
  )
  return figures
})

const column = (runs: ReadonlyArray<Figures>, figure: string): ReadonlyArray<number> =>
  runs.map((run) => Number(run[figure]))

const sumOf = (runs: ReadonlyArray<Figures>, figure: string): number =>
  column(runs, figure).reduce((sum, it) => sum + it, 0)

const noteOf = (runs: ReadonlyArray<Figures>): string => {
  const of = (figure: string) => sumOf(runs, figure)
  return (
    `${runs[0]!.system}: over all runs ${of("notBack")} not back, ${of("retried")} tried again, ` +
    `${of("missed")} deliveries missed, ${of("doubled")} heard twice, ` +
    `${of("unrecovered")} told that something was left out`
  )
}

const chartOf = (rounds: ReadonlyArray<ReadonlyArray<Figures>>): Chart => ({
  title: "All cut at once: until half, and 99 %, are back",
  x: "percent",
  y: "ms",
  series: rounds.map((runs) => ({
    name: runs[0]!.system,
    points: [
      [50, median(column(runs, "p50Millis"))],
      [99, median(column(runs, "p99Millis"))]
    ]
  }))
})

export const scenario: Scenario = {
  name: "storm",
  summary:
    "5,000 connections are cut, and come back at once, resuming: seconds, CPU, what is missed",
  peers: ["ws", "socket.io", "nats", "nchan", "uwebsockets", "centrifugo"],
  run: Effect.fnUntraced(function* (context) {
    const { pairs, systems } = context
    const rounds = yield* alternate(pairs, systems, (system) =>
      Effect.scoped(runOnce(system, context))
    )
    const weir = rounds[0]!
    const ratios: Record<string, Ratio> = {}
    rounds.slice(1).forEach((peer) => {
      const name = peer[0]!.system
      const ratio = (figure: string) => ratioOf(column(weir, figure), column(peer, figure))
      ratios[`${name}@cpu`] = ratio("serverCpuSeconds")
      ratios[`${name}@p99`] = ratio("p99Millis")
    })
    return {
      scenario: "storm",
      runs: rounds.flat(),
      settings: ["connections"],
      ratios,
      charts: [chartOf(rounds)],
      notes: [
        ...rounds.map(noteOf),
        "Weir resumes from its log, Socket.IO from its memory (connection state recovery); all others connect anew.",
        "`…@cpu`: of those that hold sockets, from the cut until all are back; `…@p99`: until a subscription stands again. Both of the peer over Weir's."
      ]
    }
  })
}
