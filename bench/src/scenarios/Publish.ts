/**
 * Publish: what it costs one router to take a publication, without anybody who
 * listens: through streams, one by one, and for a channel that another router owns.
 */
import { Effect } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type {
  PublishThroughputJob,
  PublishThroughputResult
} from "../driver/jobs/PublishThroughput.ts"
import type { UnaryJob, UnaryResult } from "../driver/jobs/Unary.ts"
import { alternate, median, ratioOf } from "../Pairs.ts"
import type { Chart, Context, Figures, Result, Scenario } from "../Scenario.ts"
import { BenchFailure } from "../System.ts"
import { system as grpcJs } from "../systems/GrpcJs.ts"
import {
  type NodeRole,
  type Nodes,
  processesOf,
  type Store,
  startNodes
} from "../systems/WeirNodes.ts"
import { ownedBy } from "./Ownership.ts"

const key = "dev-key"
const { driverCore, otherCore, serverCore } = coresFor(1)

/** Of two routers, too: what they need together is the figure, not how fast they are. */
const coreOf = (role: NodeRole | "redis") => (role === "router" ? serverCore : otherCore)
/** A router that has just started is slow for as long. */
const warmupSeconds = 3

/** Publications in a message: as many as one may hold. */
const perMessage = 256
/** Messages of a stream on their way. */
const window = 4
/** More than one publisher, where there is more than one channel. */
const mostStreams = 4

const channelCounts = [64, 1] as const

/** Calls on their way at once, for unary publishes. */
const concurrency = 64

interface Log {
  /** As the figures call it. */
  readonly name: "unlogged" | "memory" | "redis"
  readonly namespace: "live" | "chat"
  readonly store: Store
}

export const logs: ReadonlyArray<Log> = [
  { name: "unlogged", namespace: "live", store: "memory" },
  { name: "memory", namespace: "chat", store: "memory" },
  { name: "redis", namespace: "chat", store: "redis" }
]

const channelsOf = (namespace: string, count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `${namespace}:bench-${index}`)

/** CPU seconds of a process for a million of something. */
const perMillion = (seconds: number | undefined, count: number): number =>
  ((seconds ?? 0) / count) * 1e6

const throughput = Effect.fnUntraced(function* (
  nodes: Nodes,
  address: string,
  channels: ReadonlyArray<string>,
  seconds: number
) {
  const job: PublishThroughputJob = {
    kind: "publishThroughput",
    ...{ address, key, channels, perMessage, window, warmupSeconds, seconds },
    streams: Math.min(mostStreams, channels.length),
    processes: processesOf(nodes)
  }
  const result = yield* drive<PublishThroughputResult>(job, { core: driverCore })
  const wrong = { ...result.refused, misplaced: result.misplaced }
  if (Object.values(wrong).some((count) => count > 0)) {
    // Whoever refuses or loses is quick.
    return yield* new BenchFailure({ message: `not published: ${JSON.stringify(wrong)}` })
  }
  return result
})

export const publishing = (log: Log, channels: number, seconds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const nodes = yield* startNodes({ store: log.store, counts: { router: 1 }, coreOf })
      const address = nodes.of("router")[0]!.grpc!
      const names = channelsOf(log.namespace, channels)
      const result = yield* throughput(nodes, address, names, seconds)
      const { cpuSeconds, driverCpuSeconds, publications } = result
      const figures: Figures = {
        ...{ system: "weir", version: nodes.version },
        variant: `stream, ${log.name}, ${channels} ${channels === 1 ? "channel" : "channels"}`,
        ...{ log: log.name, channels },
        perSecond: publications / result.seconds,
        routerCpuPerMillion: perMillion(cpuSeconds["router-1"], publications),
        redisCpuPerMillion: nodes.redis ? perMillion(cpuSeconds["redis"], publications) : null,
        publisherCpuPerMillion: perMillion(driverCpuSeconds, publications),
        // Below 1: the publisher was not what limited it.
        publisherBusy: driverCpuSeconds / result.seconds
      }
      return figures
    })
  )

const calling = Effect.fnUntraced(function* (
  address: string,
  channels: ReadonlyArray<string>,
  processes: UnaryJob["processes"],
  seconds: number
) {
  const job: UnaryJob = {
    kind: "unary",
    ...{ address, key, channels, concurrency, warmupSeconds, seconds, processes }
  }
  return yield* drive<UnaryResult>(job, { core: driverCore })
})

const unaryFigures = (
  what: Pick<Figures, "system" | "version" | "variant">,
  server: string,
  { calls, cpuSeconds, driverCpuSeconds, latency, responseBytes, seconds }: UnaryResult
): Figures => ({
  ...what,
  perSecond: calls / seconds,
  serverCpuPerMillion: perMillion(cpuSeconds[server], calls),
  redisCpuPerMillion: "redis" in cpuSeconds ? perMillion(cpuSeconds["redis"], calls) : null,
  publisherCpuPerMillion: perMillion(driverCpuSeconds, calls),
  publisherBusy: driverCpuSeconds / seconds,
  p50Ms: latency.p50 / 1000,
  p99Ms: latency.p99 / 1000,
  responseBytes
})

export const unaryOfWeir = (log: Log, seconds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const nodes = yield* startNodes({ store: log.store, counts: { router: 1 }, coreOf })
      const address = nodes.of("router")[0]!.grpc!
      const channels = channelsOf(log.namespace, concurrency)
      const result = yield* calling(address, channels, processesOf(nodes), seconds)
      const what = { system: "weir", version: nodes.version, variant: `unary, ${log.name}` }
      return unaryFigures(what, "router-1", result)
    })
  )

const unaryOfPeer = (seconds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { publishing, servers, version } = yield* grpcJs.start(startOptions(1, false))
      const address = "addresses" in publishing ? publishing.addresses[0]! : publishing.address
      const result = yield* calling(address, channelsOf("live", concurrency), servers, seconds)
      return unaryFigures(
        { system: "grpc-js", version, variant: "unary" },
        servers[0]!.name,
        result
      )
    })
  )

type Way = "direct" | "forwarded"

/** Through the owner of all channels, or through the router beside it. */
const forwarding = (way: Way, log: Log, seconds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const nodes = yield* startNodes({ store: log.store, counts: { router: 2 }, coreOf })
      const [other, owner] = nodes.of("router")
      const channels = yield* ownedBy(owner!, log.namespace, channelCounts[0], key)
      const door = way === "direct" ? owner! : other!
      const result = yield* throughput(nodes, door.grpc!, channels, seconds)
      const { cpuSeconds, driverCpuSeconds, publications } = result
      const ownerCpuPerMillion = perMillion(cpuSeconds[owner!.name], publications)
      const otherCpuPerMillion = perMillion(cpuSeconds[other!.name], publications)
      const figures: Figures = {
        ...{ system: "weir", version: nodes.version },
        variant: `${way}, ${log.name}, ${channels.length} channels`,
        perSecond: publications / result.seconds,
        ...{ ownerCpuPerMillion, otherCpuPerMillion },
        routersCpuPerMillion: ownerCpuPerMillion + otherCpuPerMillion,
        redisCpuPerMillion: nodes.redis ? perMillion(cpuSeconds["redis"], publications) : null,
        publisherCpuPerMillion: perMillion(driverCpuSeconds, publications)
      }
      return figures
    })
  )

const column = (runs: ReadonlyArray<Figures>, figure: string): ReadonlyArray<number> =>
  runs.map((run) => Number(run[figure]))

const streamChart = (runs: ReadonlyArray<Figures>): Chart => ({
  title: "Publishing through streams, one router",
  x: "channels",
  y: "CPU seconds of the router per million",
  series: logs.map(({ name }) => ({
    name,
    points: channelCounts.toReversed().map((count) => {
      const same = runs.filter((it) => it["log"] === name && it["channels"] === count)
      return [count, median(column(same, "routerCpuPerMillion"))] as const
    })
  }))
})

const busyNote = (what: string, runs: ReadonlyArray<Figures>): string =>
  `${what}: the publisher used at most ${Math.max(...column(runs, "publisherBusy")).toFixed(2)} of a core; near 1 it limits what is published per second, but not the CPU of a publication`

const run = Effect.fnUntraced(function* ({ pairs, progress, seconds, systems }: Context) {
  const throughStreams = logs.flatMap((log) => channelCounts.map((count) => ({ log, count })))
  const streams = yield* alternate(pairs, throughStreams, ({ count, log }, round) => {
    progress(`round ${round + 1}: stream, ${log.name}, ${count} channels`)
    return publishing(log, count, seconds)
  })

  const wantsPeer = systems.some(({ name }) => name === "grpc-js")
  const callees = [...logs, ...(wantsPeer ? ["grpc-js" as const] : [])]
  const unary = yield* alternate(pairs, callees, (callee, round) => {
    progress(`round ${round + 1}: unary, ${callee === "grpc-js" ? callee : callee.name}`)
    return callee === "grpc-js" ? unaryOfPeer(seconds) : unaryOfWeir(callee, seconds)
  })
  const peer = unary[logs.length]

  const ways = logs.flatMap((log) =>
    (["direct", "forwarded"] as const).map((way) => ({ log, way }))
  )
  const crossing = yield* alternate(pairs, ways, ({ log, way }, round) => {
    progress(`round ${round + 1}: ${way}, ${log.name}`)
    return forwarding(way, log, seconds)
  })

  const ratios: Record<string, ReturnType<typeof ratioOf>> = {}
  const notes: Array<string> = []
  logs.forEach(({ name }, index) => {
    const suffix = name === "unlogged" ? "" : `-${name}`
    const [weir, direct, forwarded] = [
      unary[index]!,
      crossing[2 * index]!,
      crossing[2 * index + 1]!
    ]
    if (peer !== undefined) {
      const cost = (runs: ReadonlyArray<Figures>) => column(runs, "serverCpuPerMillion")
      ratios[`grpc-js@unary${suffix}`] = ratioOf(cost(weir), cost(peer))
      // The other way round: more calls in a second are better.
      const rate = ratioOf(column(peer, "perSecond"), column(weir, "perSecond"))
      ratios[`grpc-js@unary${suffix}-rate`] = rate
    }
    const both = (runs: ReadonlyArray<Figures>) => column(runs, "routersCpuPerMillion")
    ratios[`forwarded${suffix}`] = ratioOf(both(forwarded), both(direct))
    const price = ratioOf(both(direct), both(forwarded))
    notes.push(
      `${name}: through a router that is not the owner, both routers together need ${price.median.toFixed(2)} times the CPU (${price.min.toFixed(2)} to ${price.max.toFixed(2)})`
    )
  })
  const result: Result = {
    scenario: "publish",
    runs: [...streams, ...unary, ...crossing].flat(),
    ratios,
    charts: [streamChart(streams.flat())],
    notes: [
      ...notes,
      busyNote("streams", streams.flat()),
      busyNote("unary calls", unary.flat()),
      "`grpc-js@unary…`: the server's CPU for one call; `…-rate`: calls per second, 64 at once",
      "`forwarded…`: the owner's CPU alone over both routers' together: 0.59 is 1.7 times as much"
    ]
  }
  return result
})

export const scenario: Scenario = {
  name: "publish",
  summary: "what it costs a router to take publications: streams, unary calls, forwarded ones",
  peers: ["grpc-js"],
  run
}
