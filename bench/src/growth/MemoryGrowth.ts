/**
 * MemoryGrowth: resident memory over the number of connections, and of channels.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { lineThrough, type Point } from "../capacity/Line.ts"
import { open as openDriver } from "../Driver.ts"
import type { HoldJob } from "../driver/jobs/Hold.ts"
import { localAddresses } from "../driver/LocalAddresses.ts"
import { collectable, collectedBytes } from "../memory/Collected.ts"
import type { Chart, Context, Figures } from "../Scenario.ts"
import type { BenchFailure, Running, System } from "../System.ts"
import { channelsPerConnection, openIdleChannels } from "./IdleChannelCost.ts"
import type { Part } from "./Part.ts"

const steps = 4
const mostConnections = 10_000
const mostChannels = 100_000
const openLimitMs = 600_000
const longestSeconds = 24 * 3600

type Axis = "connections" | "channels"

/** Adds so many of them, which stay until the scope ends. */
type Add = (
  running: Running,
  count: number,
  step: number
) => Effect.Effect<unknown, BenchFailure, Scope.Scope>

const addConnections: Add = ({ subscribing }, connections, step) =>
  Effect.gen(function* () {
    const job: HoldJob = {
      kind: "hold",
      ...{ subscribing, connections, channels: ["live:bench"], seconds: longestSeconds },
      processes: [],
      localAddresses: localAddresses(step)
    }
    const driver = yield* openDriver(job, { core: coresFor(1).driverCore })
    yield* driver.event("holding", openLimitMs)
  })

interface Step {
  readonly count: number
  readonly connector: number
  readonly router: number
}

const measure = Effect.fnUntraced(function* (system: System, axis: Axis, most: number, add: Add) {
  yield* collectable
  const running = yield* system.start(startOptions(1, false))
  const pids = ["connector", "router"].map(
    (role) => [...running.servers, ...running.others].find(({ name }) => name.startsWith(role))!.pid
  )
  const look = (count: number) =>
    Effect.map(
      collectedBytes(pids),
      ([connector, router]): Step => ({
        ...{ count, connector: connector!, router: router! }
      })
    )
  // What a process needed only to start is not taken for what connections give back.
  yield* look(0)
  // The first few pay for code and caches that all later ones share.
  const warmth = Math.ceil(most / 100)
  yield* add(running, warmth, 0)
  const seen: Array<Step> = [yield* look(warmth)]
  for (let step = 1; step <= steps; step++) {
    yield* add(running, Math.round(most / steps), step)
    seen.push(yield* look(warmth + step * Math.round(most / steps)))
  }
  return partOf(axis, seen)
})

const partOf = (axis: Axis, seen: ReadonlyArray<Step>): Part => {
  const pointsOf = (role: "connector" | "router") => seen.map((it): Point => [it.count, it[role]])
  const connector = lineThrough(pointsOf("connector"))
  const router = lineThrough(pointsOf("router"))
  const fit: Figures = {
    system: "weir",
    part: "memory fit",
    axis,
    connectorBaseBytes: connector.intercept,
    connectorBytesEach: connector.slope,
    connectorR2: connector.r2,
    routerBaseBytes: router.intercept,
    routerBytesEach: router.slope,
    routerR2: router.r2
  }
  const runs = seen.map(
    ({ count, ...bytes }): Figures => ({
      system: "weir",
      part: "memory",
      axis,
      count,
      connectorBytes: bytes.connector,
      routerBytes: bytes.router
    })
  )
  const chart: Chart = {
    title: `Resident memory over ${axis}`,
    x: axis,
    y: "MB",
    series: (["connector", "router"] as const).map((name) => ({
      name,
      points: pointsOf(name).map(([x, bytes]) => [x, bytes / 1_048_576] as const)
    }))
  }
  const lineOf = (name: string, { r2, slope }: { readonly r2: number; readonly slope: number }) =>
    `${name} ${(slope / 1000).toFixed(2)} KB (R² ${r2.toFixed(4)})`
  const with100 = axis === "channels" ? `, ${channelsPerConnection} to a connection` : ""
  return {
    runs: [...runs, fit],
    ratios: {},
    charts: [chart],
    notes: [
      `memory for each of ${axis}${with100}: ${lineOf("connector", connector)}, ${lineOf("router", router)}`
    ]
  }
}

export const memoryGrowth = Effect.fnUntraced(function* (system: System, context: Context) {
  const { progress, scale } = context
  progress("memory over connections")
  const connections = yield* Effect.scoped(
    measure(system, "connections", Math.max(100, mostConnections * scale), addConnections)
  )
  progress("memory over channels")
  const channels = yield* Effect.scoped(
    measure(
      system,
      "channels",
      Math.max(100 * channelsPerConnection, mostChannels * scale),
      openIdleChannels
    )
  )
  return [connections, channels]
})
