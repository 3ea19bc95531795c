/**
 * ManyChannels: what one delivery costs when the same subscribers are spread over many
 * channels, so that a publication has fewer and fewer deliveries to share its cost.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { BurstsJob, BurstsResult } from "../driver/jobs/Bursts.ts"
import { alternate } from "../Pairs.ts"
import type { Chart, Context, Figures, Scenario } from "../Scenario.ts"
import type { BenchFailure, System } from "../System.ts"
import { burstFigures, costChart, limitNotes, lossNotes, ratiosBy } from "./BurstFigures.ts"

const usualSubscribers = 1_000
const channelCounts = [1, 10, 100, 1_000]

const subscribersOf = ({ scale }: Context): number =>
  Math.max(2, Math.round(usualSubscribers * scale))

/** No channel is without a subscriber. */
const countsOf = (context: Context): ReadonlyArray<number> => [
  ...new Set(channelCounts.map((count) => Math.min(count, subscribersOf(context))))
]

const channelsOf = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `live:bench-${index}`)

const runOnce = Effect.fnUntraced(function* (
  system: System,
  channels: number,
  context: Context
): Effect.fn.Return<Figures, BenchFailure, Scope.Scope> {
  const running = yield* system.start(startOptions(1, false))
  const { progress, seconds } = context
  const subscribers = subscribersOf(context)
  const job: BurstsJob = {
    kind: "bursts",
    subscribing: running.subscribing,
    publishing: running.publishing,
    subscribers,
    channels: channelsOf(channels),
    perBurst: 1,
    seconds,
    warmupSeconds: Math.min(3, seconds),
    processes: [...running.servers, ...running.others]
  }
  const result = yield* drive<BurstsResult>(job, { core: coresFor(1).driverCore })
  const figures = {
    ...{ system: system.name, version: running.version, subscribers, channels },
    ...burstFigures(result, running)
  }
  progress(
    `${system.name}, ${channels} channels: ${figures.cpuPerMillion.toFixed(3)} CPU s per million`
  )
  return figures
})

const chartOf = (runs: ReadonlyArray<Figures>, counts: ReadonlyArray<number>): Chart =>
  costChart(
    {
      title: "CPU per delivery, 1,000 subscribers over many channels",
      x: "channels",
      varied: "channels"
    },
    runs,
    counts
  )

export const scenario: Scenario = {
  name: "manychannels",
  summary: "1,000 subscribers over 1 to 1,000 channels, one publication in each at a time",
  peers: ["loop", "c", "ws", "socket.io", "nats", "nchan", "uwebsockets"],
  run: Effect.fnUntraced(function* (context) {
    const runs: Array<Figures> = []
    const counts = countsOf(context)
    for (const count of counts) {
      const rounds = yield* alternate(context.pairs, context.systems, (system) =>
        Effect.scoped(runOnce(system, count, context))
      )
      runs.push(...rounds.flat())
    }
    return {
      scenario: "manychannels",
      runs,
      settings: ["subscribers", "channels"],
      ratios: ratiosBy(runs, "channels", "cpuPerMillion"),
      charts: [chartOf(runs, counts)],
      notes: [...lossNotes(runs), ...limitNotes(runs)]
    }
  })
}
