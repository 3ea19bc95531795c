/**
 * Drain: a connector with many clients is told to end: how evenly they are told to go, and
 * arrive at another one.
 */
import { Effect, type Scope } from "effect"
import { drive } from "../Driver.ts"
import type { DrainJob, DrainResult } from "../driver/jobs/Drain.ts"
import { forHandshakes, localAddresses } from "../driver/LocalAddresses.ts"
import type { Chart, Context, Figures, Scenario } from "../Scenario.ts"
import type { BenchFailure } from "../System.ts"
import { startNodes } from "../systems/WeirNodes.ts"
import { benchIssuer, signToken } from "../Token.ts"

const usualConnections = 5_000
const channels = Array.from({ length: 10 }, (_, index) => `chat:bench-${index}`)
const limitSeconds = 120

/** As Weir has it by default: so many have the whole window, and fewer have their share. */
const whole = { connections: 5_000, seconds: 45 }

const windowOf = (connections: number): number =>
  whole.seconds * Math.min(1, connections / whole.connections)

/** How many in each second, and in the one after the last. */
const perSecond = (moments: ReadonlyArray<number>): ReadonlyArray<readonly [number, number]> => {
  const counts = new Map<number, number>()
  for (const at of moments) {
    const second = Math.floor(at / 1_000)
    counts.set(second, (counts.get(second) ?? 0) + 1)
  }
  const last = Math.max(...counts.keys())
  return Array.from({ length: last + 2 }, (_, second) => [second, counts.get(second) ?? 0])
}

/** How far from its even moment any of them is, in milliseconds from the first. */
const furthestOff = (moments: ReadonlyArray<number>, windowSeconds: number): number => {
  const step = (windowSeconds * 1_000) / moments.length
  return Math.max(...moments.map((at, index) => Math.abs(at - moments[0]! - index * step)))
}

const most = (points: ReadonlyArray<readonly [number, number]>): number =>
  Math.max(...points.map(([, count]) => count))

const runOnce = Effect.fnUntraced(function* ({
  progress,
  scale
}: Context): Effect.fn.Return<
  { readonly figures: Figures; readonly result: DrainResult },
  BenchFailure,
  Scope.Scope
> {
  const nodes = yield* startNodes({
    store: "memory",
    counts: { router: 1, connector: 2, presence: 1, auth: 1 },
    coreOf: () => undefined
  })
  const [ends, takes] = nodes.of("connector")
  const connections = Math.max(10, Math.round(usualConnections * scale))
  const job: DrainJob = {
    kind: "drain",
    subscribing: {
      dialect: "weir-json",
      addresses: [ends!.http!, takes!.http!],
      token: signToken(benchIssuer, "bench", Date.now())
    },
    ...{ connections, channels, limitSeconds },
    ends: { name: ends!.name, pid: ends!.pid },
    processes: [{ name: takes!.name, pid: takes!.pid }],
    localAddresses: localAddresses(1, forHandshakes)
  }
  const result = yield* drive<DrainResult>(job, { core: undefined })
  const windowSeconds = windowOf(connections)
  const figures: Figures = {
    ...{ system: "weir", version: nodes.version, connections, windowSeconds },
    told: result.told.length,
    tookSeconds: (result.told.at(-1)! - result.told[0]!) / 1_000,
    furthestOffMillis: furthestOff(result.told, windowSeconds),
    evenPerSecond: connections / windowSeconds,
    mostToldPerSecond: most(perSecond(result.told)),
    mostBackPerSecond: most(perSecond(result.back)),
    closedByServer: result.closed,
    notBack: connections - result.back.length,
    driverCores: result.driverCpuSeconds / result.seconds
  }
  progress(
    `${connections} told within ${Number(figures["tookSeconds"]).toFixed(1)} s, ` +
      `${figures["mostToldPerSecond"]} a second at most; ${result.back.length} are back`
  )
  return { figures, result }
})

const chartOf = ({ told, back }: DrainResult): Chart => ({
  title: "A connector drains: clients in each second",
  x: "seconds after SIGTERM",
  y: "clients",
  series: [
    { name: "told to go", points: perSecond(told) },
    { name: "back elsewhere", points: perSecond(back) }
  ]
})

export const scenario: Scenario = {
  name: "drain",
  summary: "a connector with 5,000 connections ends: how evenly they are told, and come elsewhere",
  peers: [],
  run: Effect.fnUntraced(function* (context) {
    const { figures, result } = yield* Effect.scoped(runOnce(context))
    const off = Math.round(Number(figures["furthestOffMillis"]))
    return {
      scenario: "drain",
      runs: [figures],
      settings: ["connections", "windowSeconds"],
      ratios: {},
      charts: [chartOf(result)],
      notes: [
        `${figures["told"]} of ${figures["connections"]} clients were told to go, within ${Number(figures["tookSeconds"]).toFixed(1)} s; none was further than ${off} ms from its even moment`,
        `at most ${figures["mostToldPerSecond"]} were told in a second, where ${Math.round(Number(figures["evenPerSecond"]))} is even; the other connector took in at most ${figures["mostBackPerSecond"]}`,
        `${figures["closedByServer"]} were closed before they had gone by themselves, ${figures["notBack"]} did not come back`
      ]
    }
  })
}
