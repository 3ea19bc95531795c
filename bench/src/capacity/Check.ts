/**
 * Check: one connector's share of a load, as far as one machine can carry it, predicted
 * and then measured.
 *
 * Nothing fails when they differ: it is the model's error that is wanted.
 */
import { Effect } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { open } from "../Driver.ts"
import type { SpreadJob, SpreadResult } from "../driver/jobs/Spread.ts"
import { localAddresses } from "../driver/LocalAddresses.ts"
import { collectable, collectedSum } from "../memory/Collected.ts"
import type { Context, Figures, Result } from "../Scenario.ts"
import { BenchFailure } from "../System.ts"
import type { Question } from "./Demands.ts"
import type { Fitted } from "./Fit.ts"
import { connectorNeed, type Demand, routerNeed } from "./Model.ts"
import { aligned, count, megabytes, milliseconds, percent } from "./Table.ts"

/** Of the example: what one driver and one core can carry beside each other. */
const connectionsHere = 10_000
const leastSeconds = 10
const limitMs = 600_000

/** The same publications per second, to fewer subscribers of fewer connections. */
export const scaledDown = (demand: Demand, connections: number): Demand => {
  const factor = Math.min(1, connections / demand.connections)
  const fanout = Math.max(1, Math.round(demand.fanout * factor))
  const channels = Math.max(1, Math.round((demand.connections * factor) / fanout))
  return {
    ...demand,
    fanout,
    channels,
    // Whole channels: each subscriber has one, and each channel as many.
    connections: channels * fanout,
    subscriptions: 1,
    // All that connect have done so before it begins.
    lifetimeSeconds: Number.POSITIVE_INFINITY
  }
}

interface Compared extends Figures {
  readonly connectorCpu: number
  readonly routerCpu: number
  readonly connectorMemoryBytes: number
  readonly lastMs: number
}

const predicted = (demand: Demand, { limits }: Question, { constants }: Fitted): Compared => {
  const connector = connectorNeed(1, demand, limits, constants)
  const router = routerNeed(1, 1, demand, limits, constants)
  return {
    system: "model",
    connectorCpu: Math.min(1, connector.cpuUngathered),
    routerCpu: Math.min(1, router.cpuUngathered),
    connectorMemoryBytes: connector.memoryBytes,
    lastMs: connector.spreadSeconds * 1000
  }
}

const measured = Effect.fnUntraced(function* (demand: Demand, { seconds, systems }: Context) {
  const weir = systems.find(({ name }) => name === "weir")
  if (weir === undefined) return yield* new BenchFailure({ message: "--check is about weir" })
  yield* collectable
  const { others, publishing, servers, subscribing } = yield* weir.start(
    startOptions(1, demand.logged)
  )
  const namespace = demand.logged ? "chat" : "live"
  const job: SpreadJob = {
    kind: "spread",
    ...{ subscribing, publishing },
    subscribers: demand.connections,
    channels: Array.from({ length: demand.channels }, (_, it) => `${namespace}:match-${it}`),
    perSecond: demand.rate,
    seconds: Math.max(leastSeconds, seconds),
    processes: [...servers, ...others],
    localAddresses: localAddresses(0)
  }
  const driver = yield* open(job, { core: coresFor(1).driverCore })
  yield* driver.event("measured", limitMs)
  const memory = yield* collectedSum(servers.map(({ pid }) => pid))
  driver.tell("end")
  const { result } = yield* driver.event("result", limitMs)
  const { cpuSeconds, lateMicros, latency, missing, publications, ...window } =
    result as SpreadResult
  const cpuOf = (role: string) =>
    Object.entries(cpuSeconds).reduce(
      (sum, [name, used]) => sum + (name.startsWith(role) ? used : 0),
      0
    ) / window.seconds
  const figures: Compared = {
    system: "weir",
    publications,
    missing,
    connectorCpu: cpuOf("connector"),
    routerCpu: cpuOf("router"),
    connectorMemoryBytes: memory,
    lastMs: latency.p99 / 1000,
    medianMs: latency.p50 / 1000,
    driverLateMs: lateMicros / 1000
  }
  return figures
})

const shown: ReadonlyArray<readonly [string, keyof Compared, (value: number) => string]> = [
  ["connector CPU", "connectorCpu", percent],
  ["router CPU", "routerCpu", percent],
  ["connector memory", "connectorMemoryBytes", megabytes],
  ["last subscriber (p99)", "lastMs", (ms) => milliseconds(ms / 1000)]
]

/** The comparison as lines, of the two runs of a stored result. */
export const comparison = (runs: ReadonlyArray<Figures>): ReadonlyArray<string> => {
  const of = (system: string, figure: string) =>
    Number(runs.find((run) => run.system === system)?.[figure])
  const rows = shown.map(([name, figure, show]) => {
    const [model, weir] = [of("model", String(figure)), of("weir", String(figure))]
    return [name, show(model), show(weir), (model / weir).toFixed(2)]
  })
  return aligned([["", "predicted", "measured", "predicted / measured"], ...rows])
}

export const checkExample = Effect.fnUntraced(function* (
  context: Context,
  question: Question,
  fitted: Fitted
) {
  const demand = scaledDown(
    question.demand,
    Math.max(100, Math.round(connectionsHere * context.scale))
  )
  context.progress(
    `${demand.connections} connections on ${demand.channels} channels, ${demand.rate} publications/s`
  )
  const model = predicted(demand, question, fitted)
  const weir = yield* Effect.scoped(measured(demand, context))
  const result: Result = {
    scenario: "capacity-check",
    runs: [weir, model],
    ratios: {},
    charts: [],
    notes: [
      `${count(demand.connections)} connections, ${count(demand.rate)} publications/s to ${count(demand.fanout)} subscribers each, one connector, one router`,
      ...shown.map(([name, figure, show]) => {
        const [a, b] = [Number(model[figure]), Number(weir[figure])]
        return `${name}: predicted ${show(a)}, measured ${show(b)}`
      }),
      // Where it shares a core with Weir's other processes, its lateness is in every latency.
      `the driver itself was late by ${milliseconds(Number(weir["driverLateMs"]) / 1000)} at most`
    ]
  }
  return result
})
