/**
 * Fit: the model's constants from what the scenarios measured here.
 *
 * What has not been measured keeps its committed value, and says so.
 */
import type { Figures } from "../Scenario.ts"
import type { CommittedConstants, Constants } from "./Constants.ts"

/** Runs of each scenario, by its name, as in bench/results. */
export type Measured = Readonly<Record<string, ReadonlyArray<Figures>>>

export interface Fitted {
  readonly constants: Constants
  /** Where each is from: a scenario, or the committed origin. */
  readonly origins: Readonly<Record<keyof Constants, string>>
}

const micros = 1e-6
/** Of those that hold the idle channels of `growth`. */
const channelsPerConnection = 100

const median = (values: ReadonlyArray<number>): number | undefined => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length % 2 === 1) return sorted[middle]
  return sorted.length === 0 ? undefined : (sorted[middle - 1]! + sorted[middle]!) / 2
}

type Where = Readonly<Record<string, string | number>>

/** The median of a figure over Weir's runs that are like `where`; undefined without any. */
const figureOf = (
  runs: ReadonlyArray<Figures> | undefined,
  figure: string,
  where: Where = {}
): number | undefined =>
  median(
    (runs ?? [])
      .filter((run) => run.system === "weir")
      .filter((run) => Object.entries(where).every(([name, value]) => run[name] === value))
      .map((run) => run[figure])
      .filter((value) => typeof value === "number")
  )

const scaled = (value: number | undefined, factor: number): number | undefined =>
  value === undefined ? undefined : value * factor

const difference = (whole: number | undefined, part: number | undefined): number | undefined =>
  whole === undefined || part === undefined ? undefined : whole - part

/**
 * What costs `each + shared / B` when B go together: two bursts tell one from the other.
 * Noise can put either below nothing; a model that gains by work would be absurd.
 */
export const sharedAndEach = (
  single: number,
  gathered: number,
  burst: number
): { readonly shared: number; readonly each: number } => {
  const shared = Math.max(0, ((single - gathered) * burst) / (burst - 1))
  return { shared, each: Math.max(0, single - shared) }
}

/** From growth: a publication costs a connector a + b × its subscribers, and a router its messages. */
const fanout = (
  growth: ReadonlyArray<Figures> | undefined,
  unlogged: number | undefined
): Partial<Constants> => {
  const bursts = (growth ?? []).flatMap(({ burst }) => (typeof burst === "number" ? [burst] : []))
  const most = Math.max(1, ...bursts)
  if (most === 1) return {}
  const split = (figure: string, part: string) => {
    const single = figureOf(growth, figure, { part, burst: 1 })
    const gathered = figureOf(growth, figure, { part, burst: most })
    if (single === undefined || gathered === undefined) return undefined
    return sharedAndEach(single, gathered, most)
  }
  const delivery = split("deliveryMicros", "fan-out fit")
  const publication = split("publicationMicros", "fan-out fit")
  const router = split("routerMicrosPerPublication", "fan-out")
  const lane = difference(scaled(router?.each, micros), unlogged)
  return defined({
    writeSeconds: scaled(delivery?.shared, micros),
    deliverySeconds: scaled(delivery?.each, micros),
    messageSeconds: scaled(publication?.shared, micros),
    publicationSeconds: scaled(publication?.each, micros),
    routerMessageSeconds: scaled(router?.shared, micros),
    laneSeconds: lane === undefined ? undefined : Math.max(0, lane)
  })
}

const memory = (growth: ReadonlyArray<Figures> | undefined): Partial<Constants> => {
  const of = (figure: string, axis: string) =>
    figureOf(growth, figure, { part: "memory fit", axis })
  const connection = of("connectorBytesEach", "connections")
  const share = difference(
    of("connectorBytesEach", "channels"),
    scaled(connection, 1 / channelsPerConnection)
  )
  return defined({
    connectorBytes: of("connectorBaseBytes", "connections"),
    connectionBytes: connection,
    routerBytes: of("routerBaseBytes", "channels"),
    routerChannelBytes: of("routerBytesEach", "channels"),
    // Measured together, since each channel there had one subscription.
    channelBytes: scaled(share, 0.5),
    subscriptionBytes: scaled(share, 0.5)
  })
}

/** CPU seconds per million are microseconds for one. */
const router = (publish: ReadonlyArray<Figures> | undefined): Partial<Constants> => {
  const of = (figure: string, variant: string) => figureOf(publish, figure, { variant })
  const streamed = of("routerCpuPerMillion", "stream, unlogged, 64 channels")
  const seconds = {
    unloggedSeconds: streamed,
    loggedSeconds: of("routerCpuPerMillion", "stream, redis, 64 channels"),
    redisSeconds: of("redisCpuPerMillion", "stream, redis, 64 channels"),
    callSeconds: difference(of("serverCpuPerMillion", "unary, unlogged"), streamed),
    forwardSeconds: difference(
      of("routersCpuPerMillion", "forwarded, unlogged, 64 channels"),
      of("routersCpuPerMillion", "direct, unlogged, 64 channels")
    )
  }
  return defined(
    Object.fromEntries(
      Object.entries(seconds).map(([name, value]) => [
        name,
        // A difference of two may be noise.
        scaled(value === undefined ? undefined : Math.max(0, value), micros)
      ])
    )
  )
}

const defined = (
  values: Readonly<Record<string, number | undefined>>
): Partial<Record<keyof Constants, number>> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && Number.isFinite(value))
  )

export const fitConstants = (measured: Measured, committed: CommittedConstants): Fitted => {
  const { connect, growth, idle, publish } = measured
  const withToken = { variant: "weir-token" }
  const routers = router(publish)
  const found: Readonly<Record<string, Partial<Constants>>> = {
    growth: { ...fanout(growth, routers.unloggedSeconds), ...memory(growth) },
    idle: defined({
      connectionBytes: figureOf(idle, "bytesPerConnection"),
      idleSeconds: scaled(figureOf(idle, "cpuMicrosPerConnectionSecond"), micros),
      baseSeconds: figureOf(idle, "cpuSecondsPerSecondEmpty")
    }),
    connect: defined({
      handshakeSeconds: scaled(figureOf(connect, "cpuMicrosPerHandshake", withToken), micros),
      authSeconds: scaled(figureOf(connect, "authCpuMicrosPerHandshake", withToken), micros)
    }),
    publish: routers
  }
  let constants = committed.constants
  const origins = Object.fromEntries(
    Object.keys(constants).map((name) => [name, committed.origin])
  ) as Record<keyof Constants, string>
  for (const [scenario, values] of Object.entries(found)) {
    constants = { ...constants, ...values }
    for (const name of Object.keys(values)) origins[name as keyof Constants] = scenario
  }
  return { constants, origins }
}
