/**
 * Idle: what connections cost that nobody publishes to: memory, and heartbeats.
 *
 * Memory is compared after forced collections, in every Node process alike: what a
 * handshake leaves behind stays resident for as long as nothing is allocated.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { open as openDriver } from "../Driver.ts"
import type { HoldJob, HoldResult } from "../driver/jobs/Hold.ts"
import { localAddresses } from "../driver/LocalAddresses.ts"
import { collectable, collectedSum } from "../memory/Collected.ts"
import { growthOf, type Watched, watch } from "../memory/Watch.ts"
import { alternate, median, ratioOf } from "../Pairs.ts"
import type { Chart, Context, Figures, Ratio, Scenario } from "../Scenario.ts"
import { BenchFailure, type Running, type System } from "../System.ts"

interface Plan {
  readonly connections: number
  readonly connectors: number
  readonly minutes: number
}

/** A process may have 20,000 descriptors on many machines, and needs some for itself. */
const mostPerDriver = 15_000
const openLimitMs = 600_000
const endLimitMs = 30_000
/** They are told to end long before. */
const longestSeconds = 24 * 3600
/** All systems' heartbeats: nothing is measured over less than two of them. */
const heartbeatSeconds = 25
const emptySeconds = 10
const firstShare = 0.05
const longMinutes = 5

const numberOf = (options: Context["options"], name: string, fallback: number): number => {
  const value = Number(options[name] ?? fallback)
  return Number.isFinite(value) && value > 0 ? value : fallback
}

const planOf = ({ options, scale }: Context): Plan => ({
  connections: Math.max(1, Math.round(numberOf(options, "connections", 10_000) * scale)),
  connectors: numberOf(options, "connectors", 1),
  minutes: numberOf(options, "minutes", (2 * heartbeatSeconds + 10) / 60)
})

interface Idled extends Figures {
  readonly bytesPerConnection: number
  readonly cpuSecondsPerHourPer10k: number
}

interface Outcome {
  readonly figures: Idled
  readonly watched: Watched
}

/** As many drivers as the descriptors of one need; each holds its share. */
const connectAll = Effect.fnUntraced(function* (
  running: Running,
  connections: number,
  number: number
) {
  const count = Math.ceil(connections / mostPerDriver)
  const core = coresFor(running.servers.length).driverCore
  const drivers = yield* Effect.forEach(Array.from({ length: count }), (_, index) => {
    const share = Math.floor(connections / count) + (index < connections % count ? 1 : 0)
    const job: HoldJob = {
      kind: "hold",
      subscribing: running.subscribing,
      connections: share,
      channels: ["live:bench"],
      seconds: longestSeconds,
      processes: [],
      localAddresses: localAddresses(number + index)
    }
    return openDriver(job, { core })
  })
  yield* Effect.forEach(drivers, (driver) => driver.event("holding", openLimitMs), {
    concurrency: "unbounded"
  })
  return drivers
})

const measure = Effect.fnUntraced(function* (
  system: System,
  plan: Plan,
  progress: Context["progress"]
): Effect.fn.Return<Outcome, BenchFailure, Scope.Scope> {
  const { connections, connectors, minutes } = plan
  yield* collectable
  const running = yield* system.start(startOptions(connectors, false))
  const pids = running.servers.map(({ pid }) => pid)
  // What a process needed only to start is not taken for what connections give back.
  yield* collectedSum(pids)
  const empty = yield* watch(pids, emptySeconds / 60)
  // The first few pay for code and caches that all later ones share, those of heartbeats too.
  const first = Math.max(1, Math.round(connections * firstShare))
  const firstDrivers = yield* connectAll(running, first, 0)
  yield* Effect.sleep(`${Math.min(heartbeatSeconds + 10, 60 * minutes)} seconds`)
  const before = yield* collectedSum(pids)

  const others = connections - first
  const drivers = [...firstDrivers, ...(yield* connectAll(running, others, 1))]
  progress(`${system.name}: ${connections} connections stand; left alone for ${minutes} min`)
  const opened = yield* collectedSum(pids)
  const watched = yield* watch(pids, minutes)
  const after = yield* collectedSum(pids)

  const held = yield* Effect.forEach(drivers, (driver) => {
    driver.tell("end")
    return driver.event("result", endLimitMs)
  })
  const closed = held.reduce((sum, { result }) => sum + (result as HoldResult).closed, 0)
  const perSecond = Math.max(0, watched.cpuSeconds / watched.seconds)
  const emptyPerSecond = empty.cpuSeconds / empty.seconds
  const figures: Idled = {
    system: system.name,
    connections,
    connectors,
    minutes,
    closed,
    bytesPerConnection: (after - before) / others,
    bytesPerConnectionOnceOpen: (opened - before) / others,
    bytesPerConnectionUncollected: (watched.memory.at(-1)![1] - before) / others,
    baseBytes: before,
    bytesPerMinute: growthOf(watched),
    cpuSecondsPerHourPer10k: (perSecond * 3600 * 10_000) / connections,
    cpuMicrosPerConnectionSecond: (Math.max(0, perSecond - emptyPerSecond) * 1e6) / connections,
    cpuSecondsPerSecondEmpty: emptyPerSecond / pids.length
  }
  if (closed > 0) progress(`${system.name}: ${closed} connections have ended by themselves`)
  return { figures, watched }
})

const memoryChart = (outcomes: ReadonlyArray<Outcome | undefined>): Chart => ({
  title: "Resident memory of idle connections",
  x: "seconds",
  y: "MB",
  series: outcomes.flatMap((outcome) =>
    outcome === undefined
      ? []
      : [
          {
            name: outcome.figures.system,
            points: outcome.watched.memory.map(([x, bytes]) => [x, bytes / 1_048_576] as const)
          }
        ]
  )
})

const noteOf = (runs: ReadonlyArray<Idled>): string => {
  const of = (figure: keyof Idled) => median(runs.map((run) => Number(run[figure])))
  const { connections, connectors, system } = runs[0]!
  return (
    `${system}: ${connections} connections on ${connectors}: ` +
    `${(of("bytesPerConnection") / 1000).toFixed(1)} KB each, ` +
    `${of("cpuSecondsPerHourPer10k").toFixed(0)} CPU s per hour for 10,000, ` +
    `memory ${(of("bytesPerMinute") / 1024).toFixed(0)} KiB a minute, ` +
    `${runs.reduce((sum, { closed }) => sum + Number(closed), 0)} closed`
  )
}

/** A long look has results of its own: it does not replace the comparison's. */
const nameOf = ({ connections, connectors, minutes }: Plan): string =>
  connectors > 1 || minutes >= longMinutes ? `idle-${connections}` : "idle"

export const scenario: Scenario = {
  name: "idle",
  summary:
    "memory and CPU of connections that only hear heartbeats; --connections, --connectors, --minutes",
  peers: ["ws", "socket.io", "nchan", "nats"],
  run: Effect.fnUntraced(function* (context) {
    const { pairs, progress } = context
    const plan = planOf(context)
    // The peers have one process: with several connectors Weir is compared with nobody.
    const systems = context.systems.filter(({ name }) => plan.connectors === 1 || name === "weir")
    if (systems.length === 0) {
      return yield* new BenchFailure({ message: "--connectors: is for weir alone" })
    }
    const rounds = plan.connectors === 1 ? pairs : 1
    const outcomes = yield* alternate(rounds, systems, (system) =>
      Effect.scoped(measure(system, plan, progress))
    )
    const figuresOf = (name: string) => {
      const index = systems.findIndex((system) => system.name === name)
      return (outcomes[index] ?? []).map(({ figures }) => figures)
    }
    const weir = figuresOf("weir")
    const ratios: Record<string, Ratio> = {}
    for (const { name } of systems) {
      const peer = figuresOf(name)
      if (name === "weir" || weir.length === 0) continue
      const bytes = (run: Idled) => run.bytesPerConnection
      const cpu = (run: Idled) => run.cpuSecondsPerHourPer10k
      ratios[`${name}@memory`] = ratioOf(weir.map(bytes), peer.map(bytes))
      // Only they send heartbeats of their own by default, at the same interval as we do.
      if (name === "socket.io") ratios[`${name}@cpu`] = ratioOf(weir.map(cpu), peer.map(cpu))
    }
    return {
      scenario: nameOf(plan),
      settings: ["connections", "connectors", "minutes"],
      runs: outcomes.flatMap((it) => it.map(({ figures }) => figures)),
      ratios,
      charts: [memoryChart(outcomes.map((it) => it.at(-1)))],
      notes: outcomes.map((it) => noteOf(it.map(({ figures }) => figures)))
    }
  })
}
