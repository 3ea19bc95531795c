/**
 * Hot: does a channel that brings 5 MB a second hold up a hundred quiet ones, and does a lane
 * that its connector leaves unread hold up the others of the same router?
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { HotJob, HotResult } from "../driver/jobs/Hot.ts"
import type { LanesJob, LanesResult } from "../driver/jobs/Lanes.ts"
import { alternate, median, ratioOf } from "../Pairs.ts"
import type { Context, Figures, Ratio, Result, Scenario } from "../Scenario.ts"
import { BenchFailure, type System } from "../System.ts"
import { type NodeRole, processesOf, startNodes } from "../systems/WeirNodes.ts"

const usualSeconds = 20
const warmupSeconds = 3
const dataBytes = 8_192

const quietChannels = 100
const subscribersEach = 2
/** 5 MiB a second. */
const hotPerSecond = 640

/** As a connector has of each router. */
const readLanes = 3
const channelsOfLane = 10
const lanePerSecond = 10
/** A lane's window is used up in less than a second. */
const busyPerSecond = 200

const { driverCore, otherCore, serverCore } = coresFor(1)

interface Timed {
  readonly warmupSeconds: number
  readonly seconds: number
}

const timesOf = ({ options, seconds }: Context): Timed => ({
  warmupSeconds: Math.min(warmupSeconds, seconds),
  seconds: options["seconds"] === undefined ? usualSeconds : seconds
})

const named = (name: string, count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `live:${name}-${index}`)

const figuresOf = ({ latency, ...result }: HotResult | LanesResult) => ({
  p50Millis: latency.p50 / 1000,
  p99Millis: latency.p99 / 1000,
  maxMillis: latency.max / 1000,
  driverLateMillis: result.lateMicros / 1000,
  driverCores: result.driverCpuSeconds / result.seconds,
  deliveries: result.deliveries,
  lost: result.lost,
  misordered: result.misordered
})

const coresOf = ({ cpuSeconds, seconds }: HotResult | LanesResult, name: string): number =>
  (cpuSeconds[name] ?? 0) / seconds

const hotChannel = Effect.fnUntraced(function* (
  weir: System,
  isHot: boolean,
  context: Context
): Effect.fn.Return<Figures, BenchFailure, Scope.Scope> {
  const { others, publishing, servers, subscribing, version } = yield* weir.start(
    startOptions(1, false)
  )
  const quiet = named("quiet", Math.max(4, Math.round(quietChannels * context.scale)))
  const perSecond = Math.max(1, Math.round(hotPerSecond * context.scale))
  const job: HotJob = {
    kind: "hot",
    ...{ subscribing, publishing, quiet, subscribersEach, perSecond: 1 },
    hot: isHot ? { channel: "live:hot", perSecond, dataBytes } : undefined,
    ...timesOf(context),
    processes: [...servers, ...others]
  }
  const result = yield* drive<HotResult>(job, { core: driverCore })
  const { hotOnes, hotPublished } = result
  return {
    ...{ system: "weir", version, part: "channel", beside: isHot ? "hot" : "none" },
    ...figuresOf(result),
    connectorCores: coresOf(result, "connector-1"),
    routerCores: coresOf(result, "router-1"),
    besidePublished: hotPublished * hotOnes.count,
    besideReceived: hotOnes.received,
    besideTold: hotOnes.told,
    besideUnaccounted: hotOnes.unaccounted
  }
})

const coreOf = (role: NodeRole | "redis") => (role === "router" ? serverCore : otherCore)

const stalledLane = Effect.fnUntraced(function* (
  stalls: boolean,
  context: Context
): Effect.fn.Return<Figures, BenchFailure, Scope.Scope> {
  const nodes = yield* startNodes({ store: "memory", counts: { router: 1 }, coreOf })
  const router = nodes.of("router")[0]!
  const each = Math.max(1, Math.round(channelsOfLane * context.scale))
  const lanes = Array.from({ length: readLanes }, (_, lane) => named(`lane-${lane}`, each))
  const job: LanesJob = {
    kind: "lanes",
    mesh: router.mesh,
    publishing: { kind: "weir", addresses: [router.grpc!], key: "dev-key" },
    ...{ lanes, perSecond: lanePerSecond, stalls },
    // With a log: what the lane did not take is owed to it still.
    busy: { channel: "chat:busy", perSecond: busyPerSecond, dataBytes },
    ...timesOf(context),
    processes: processesOf(nodes)
  }
  const result = yield* drive<LanesResult>(job, { core: driverCore })
  return {
    ...{ system: "weir", version: nodes.version, part: "lane" },
    beside: stalls ? "stalled" : "none",
    ...figuresOf(result),
    connectorCores: null,
    routerCores: coresOf(result, "router-1"),
    besidePublished: result.busyPublished,
    besideReceived: result.busyReceived,
    besideTold: result.busyTold,
    besideUnaccounted: result.busyUnaccounted,
    stalledBytes: result.stalledBytes
  }
})

interface Part {
  readonly name: string
  /** What is beside those that are measured. */
  readonly beside: string
  readonly run: (
    weir: System,
    isBeside: boolean,
    context: Context
  ) => Effect.Effect<Figures, BenchFailure, Scope.Scope>
  readonly noteOf: (p99: readonly [string, string], beside: ReadonlyArray<Figures>) => string
}

const column = (runs: ReadonlyArray<Figures>, figure: string): ReadonlyArray<number> =>
  runs.map((run) => Number(run[figure]))

const sumOf = (runs: ReadonlyArray<Figures>, figure: string): number =>
  column(runs, figure).reduce((sum, it) => sum + it, 0)

const accountOf = (runs: ReadonlyArray<Figures>): string =>
  `${sumOf(runs, "besideReceived")} of ${sumOf(runs, "besidePublished")} given, ` +
  `${sumOf(runs, "besideTold")} told of, ${sumOf(runs, "besideUnaccounted")} neither`

const parts: ReadonlyArray<Part> = [
  {
    name: "channel",
    beside: "hot",
    run: hotChannel,
    noteOf: ([without, beside], runs) =>
      `quiet channels: p99 ${without} ms, beside a hot one ${beside} ms; deliveries of the hot one: ${accountOf(runs)}`
  },
  {
    name: "lane",
    beside: "stalled",
    run: (_weir, stalls, context) => stalledLane(stalls, context),
    noteOf: ([without, beside], runs) =>
      `three lanes: p99 ${without} ms, beside a stalled one ${beside} ms; without credit that was sent ` +
      `${Math.round(median(column(runs, "stalledBytes")) / 1024)} KiB (its channel's share of a lane is 512), and in the end ${accountOf(runs)}`
  }
]

const resultOf = (
  part: Part,
  [without, beside]: readonly [ReadonlyArray<Figures>, ReadonlyArray<Figures>]
): Pick<Result, "notes" | "ratios" | "runs"> => {
  const p99 = (runs: ReadonlyArray<Figures>) => column(runs, "p99Millis")
  const text = (runs: ReadonlyArray<Figures>) => median(p99(runs)).toFixed(1)
  const runs = [...without, ...beside]
  const [lost, misordered] = [sumOf(runs, "lost"), sumOf(runs, "misordered")]
  const ratios: Record<string, Ratio> = {
    [`${part.name}@${part.beside}/none`]: ratioOf(p99(without), p99(beside))
  }
  const whole = `${part.name}: of those measured, ${lost} deliveries were lost, ${misordered} out of order`
  return { runs, ratios, notes: [part.noteOf([text(without), text(beside)], beside), whole] }
}

const chosen = Effect.fnUntraced(function* (name: string | undefined) {
  const found = parts.filter((it) => name === undefined || it.name === name)
  if (found.length > 0) return found
  return yield* new BenchFailure({ message: `--part: channel or lane, not ${name}` })
})

export const scenario: Scenario = {
  name: "hot",
  summary:
    "100 quiet channels beside one with 5 MB/s, three lanes beside one that stalls; --part channel|lane",
  peers: [],
  run: Effect.fnUntraced(function* (context) {
    const weir = context.systems.find(({ name }) => name === "weir")
    if (weir === undefined) return yield* new BenchFailure({ message: "hot is about weir" })
    const asked = yield* chosen(context.options["part"])
    const variants = asked.flatMap((part) => [false, true].map((isBeside) => ({ part, isBeside })))
    const rounds = yield* alternate(context.pairs, variants, ({ isBeside, part }) =>
      Effect.scoped(part.run(weir, isBeside, context)).pipe(
        Effect.tap((figures) =>
          Effect.sync(() =>
            context.progress(
              `${part.name}, beside ${figures["beside"]}: p50 ${figures["p50Millis"]} ms, ` +
                `p99 ${figures["p99Millis"]} ms, lost ${figures["lost"]}`
            )
          )
        )
      )
    )
    const results = asked.map((part, index) =>
      resultOf(part, [rounds[2 * index]!, rounds[2 * index + 1]!])
    )
    return {
      scenario: "hot",
      runs: results.flatMap(({ runs }) => runs),
      settings: ["part", "beside"],
      ratios: Object.assign({}, ...results.map(({ ratios }) => ratios)),
      charts: [],
      notes: [
        ...results.flatMap(({ notes }) => notes),
        "`…/none`: p99 of those measured, beside it over that without: below 1.5 is wanted"
      ]
    }
  })
}
