/**
 * Sustain: 1,000 publications a second to 1,000 subscribers, a million deliveries a
 * second, for as long as one likes: on one connector, and on two.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { RateJob, RateResult } from "../driver/jobs/Rate.ts"
import { alternate, ratioOf } from "../Pairs.ts"
import type { Context, Figures, Ratio, Scenario } from "../Scenario.ts"
import { BenchFailure, type System } from "../System.ts"
import { burstFigures, limitNotes, lossNotes } from "./BurstFigures.ts"

const channel = "live:bench"
const usualSubscribers = 1_000
const perSecond = 1_000
const usualSeconds = 60
const warmupSeconds = 3
const connectorCounts = [1, 2]
/** One is not pinned either: it is to differ from two in nothing else. */
const mostConnectors = Math.max(...connectorCounts)

const runOnce = Effect.fnUntraced(function* (
  system: System,
  connectors: number,
  { options, progress, scale, seconds }: Context
): Effect.fn.Return<Figures, BenchFailure, Scope.Scope> {
  const running = yield* system.start({
    ...startOptions(mostConnectors, false),
    servers: connectors
  })
  const subscribers = Math.max(2, Math.round(usualSubscribers * scale))
  const job: RateJob = {
    kind: "rate",
    subscribing: running.subscribing,
    publishing: running.publishing,
    subscribers,
    channels: [channel],
    perSecond,
    burst: 1,
    seconds: options["seconds"] === undefined ? usualSeconds : seconds,
    warmupSeconds: Math.min(warmupSeconds, seconds),
    processes: [...running.servers, ...running.others],
    napMs: 1
  }
  const result = yield* drive<RateResult>(job, { core: coresFor(mostConnectors).driverCore })
  const figures = {
    ...{ system: system.name, version: running.version, subscribers, connectors, perSecond },
    ...burstFigures(result, running),
    p50Millis: result.latency.p50 / 1000,
    p99Millis: result.latency.p99 / 1000,
    p999Millis: result.latency.p999 / 1000,
    maxMillis: result.latency.max / 1000,
    /** How late the driver itself was at worst: it is part of the latencies. */
    driverLateMillis: result.lateMicros / 1000
  }
  progress(
    `${system.name}, ${connectors} to hold sockets: ${Math.round(figures.deliveriesPerSecond)} ` +
      `deliveries/s, ${figures.cpuPerMillion.toFixed(3)} CPU s per million, ` +
      `p50 ${figures.p50Millis} ms, p99 ${figures.p99Millis} ms`
  )
  return figures
})

const cpuOf = (runs: ReadonlyArray<Figures>) => runs.map((run) => Number(run["cpuPerMillion"]))

export const scenario: Scenario = {
  name: "sustain",
  summary: "1,000 publications/s to 1,000 subscribers, one connector and two; for 60 s",
  peers: [],
  run: Effect.fnUntraced(function* (context) {
    const weir = context.systems.find(({ name }) => name === "weir")
    if (weir === undefined) return yield* new BenchFailure({ message: "sustain is for weir alone" })
    const [one = [], two = []] = yield* alternate(context.pairs, connectorCounts, (connectors) =>
      Effect.scoped(runOnce(weir, connectors, context))
    )
    const runs = [...one, ...two]
    // Below 1, two connectors need more than one for the same deliveries.
    const ratios: Record<string, Ratio> = { "weir@one/two": ratioOf(cpuOf(two), cpuOf(one)) }
    return {
      scenario: "sustain",
      runs,
      settings: ["subscribers", "connectors", "perSecond"],
      ratios,
      charts: [],
      notes: [...lossNotes(runs), ...limitNotes(runs)]
    }
  })
}
