/**
 * Fanout: what one delivery costs when many listen to one channel, by how many
 * publications come in one turn.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { BurstsJob, BurstsResult } from "../driver/jobs/Bursts.ts"
import { alternate } from "../Pairs.ts"
import type { Context, Figures, Scenario } from "../Scenario.ts"
import type { BenchFailure, System } from "../System.ts"
import { burstFigures, limitNotes, lossNotes, ratiosBy } from "./BurstFigures.ts"
import { chartByTurn, perTurnOf } from "./PerTurn.ts"

const channel = "live:bench"
const usualSubscribers = 1_000

const runOnce = Effect.fnUntraced(function* (
  system: System,
  perBurst: number,
  { progress, scale, seconds }: Context
): Effect.fn.Return<Figures, BenchFailure, Scope.Scope> {
  const running = yield* system.start(startOptions(1, false))
  const subscribers = Math.max(2, Math.round(usualSubscribers * scale))
  const job: BurstsJob = {
    kind: "bursts",
    subscribing: running.subscribing,
    publishing: running.publishing,
    subscribers,
    channels: [channel],
    perBurst,
    seconds,
    warmupSeconds: Math.min(3, seconds),
    processes: [...running.servers, ...running.others]
  }
  const result = yield* drive<BurstsResult>(job, { core: coresFor(1).driverCore })
  const figures = {
    ...{ system: system.name, version: running.version, subscribers, perTurn: perBurst },
    bytesPerDelivery: result.bytesPerDelivery,
    ...burstFigures(result, running)
  }
  progress(
    `${system.name}@${perBurst}: ${figures.cpuPerMillion.toFixed(3)} CPU s per million, ` +
      `${Math.round(figures.deliveriesPerSecond)} deliveries/s`
  )
  return figures
})

export const scenario: Scenario = {
  name: "fanout",
  summary: "one channel, 1,000 subscribers: CPU per delivery; --per-turn 1,8,32",
  peers: [
    "weir-proto",
    "loop",
    "c",
    "ws",
    "socket.io",
    "socket.io-redis",
    "nats",
    "nchan",
    "uwebsockets",
    "centrifugo"
  ],
  run: Effect.fnUntraced(function* (context) {
    const runs: Array<Figures> = []
    const perTurn = perTurnOf(context)
    for (const count of perTurn) {
      const rounds = yield* alternate(context.pairs, context.systems, (system) =>
        Effect.scoped(runOnce(system, count, context))
      )
      runs.push(...rounds.flat())
    }
    return {
      scenario: "fanout",
      runs,
      settings: ["subscribers", "perTurn"],
      ratios: ratiosBy(runs, "perTurn", "cpuPerMillion"),
      charts: [chartByTurn("CPU per delivery, 1 channel", runs, perTurn)],
      notes: [...lossNotes(runs), ...limitNotes(runs)]
    }
  })
}
