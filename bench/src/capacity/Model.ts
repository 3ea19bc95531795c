/**
 * Model: how many nodes a load needs, what they spend, and what gives out first.
 *
 * The seed is one product: connections per node × the cost of a fan-out. Constants
 * are measured; the model only adds them up. docs/capacity.md explains each line.
 */
import type { Constants } from "./Constants.ts"

export interface Demand {
  readonly connections: number
  /** Subscribers of a publication, on all connectors together. */
  readonly fanout: number
  /** Publications per second, on all channels together. */
  readonly rate: number
  readonly payloadBytes: number
  /** Per connection. */
  readonly subscriptions: number
  readonly channels: number
  /** A log behind every channel. */
  readonly logged: boolean
  /** Each publication by a call of its own, instead of many through streams. */
  readonly unary: boolean
  /** How long a connection lives: all of them connect anew once in that time. */
  readonly lifetimeSeconds: number
}

/** How far a node may be used, and what it has. */
export interface Limits {
  /** Of one core, per process. */
  readonly utilisation: number
  /** How long publications may gather for one write to a connection, once a core is busy. */
  readonly turnSeconds: number
  /** `limits.connectionsPerNode`. */
  readonly connectionsPerNode: number
  readonly memoryBytes: number
  readonly networkBytesPerSecond: number
  /** Nodes of a role that may be gone while the others carry everything. */
  readonly spare: number
}

export type Resource = "CPU" | "connections" | "memory" | "network"
export type Role = "connector" | "router" | "redis" | "auth"

/** What a role needs, and what one of its nodes spends while the spare ones are gone. */
export interface RoleNeed {
  readonly needed: number
  /** With the spare ones. */
  readonly nodes: number
  /** Core seconds per second of one node. */
  readonly cpu: number
  readonly memoryBytes: number
}

/** Of those that take more at a time when there is more. */
export interface GatheringNeed extends RoleNeed {
  /** What the core shows if everything is taken and written alone; above 1 it gathers more. */
  readonly cpuUngathered: number
}

export interface ConnectorNeed extends GatheringNeed {
  readonly connections: number
  readonly publicationsPerSecond: number
  readonly deliveriesPerSecond: number
  readonly networkBytesPerSecond: number
  /** Publications per write, once turns are as long as allowed. */
  readonly batch: number
  /** From a publication's arrival to the write of its last subscriber on one connector. */
  readonly spreadSeconds: number
}

/** How much of its limit a resource uses; above 1 no number of nodes is enough. */
export interface Use {
  readonly role: Role
  readonly resource: Resource
  readonly share: number
}

export interface Prediction {
  readonly connector: ConnectorNeed
  readonly router: GatheringNeed
  readonly redis: RoleNeed | undefined
  readonly auth: RoleNeed
  /** The highest first. */
  readonly uses: ReadonlyArray<Use>
}

/** Payload of the measurements; bytes beyond it cost `byteSeconds`. */
const measuredPayloadBytes = 128
/** Of TCP and IP, for each write. */
const segmentBytes = 66
/** Nobody runs more of one role; a search needs an end. */
const mostNodes = 10_000

/**
 * How many connectors have one of F subscribers, spread by chance. A publication
 * costs each of them its decoding and framing, however few it delivers to.
 */
export const connectorsReached = (connectors: number, fanout: number): number =>
  connectors * (1 - (1 - 1 / connectors) ** fanout)

/** How many messages bring so many publications a second, if they gather for a turn. */
const messagesOf = (publications: number, turnSeconds: number): number =>
  publications / Math.max(1, publications * turnSeconds)

export const connectorNeed = (
  count: number,
  demand: Demand,
  limits: Limits,
  constants: Constants
): ConnectorNeed => {
  const { connections, fanout, rate } = demand
  const mine = connections / count
  const publications = (rate * connectorsReached(count, fanout)) / count
  const deliveries = (rate * fanout) / count
  const extraBytes = Math.max(0, demand.payloadBytes - measuredPayloadBytes)
  const perDelivery = constants.deliverySeconds + extraBytes * constants.byteSeconds
  const turnSeconds = limits.turnSeconds
  const fixed =
    constants.baseSeconds +
    mine * constants.idleSeconds +
    (mine / demand.lifetimeSeconds) * constants.handshakeSeconds +
    publications * constants.publicationSeconds +
    deliveries * perDelivery
  const gathered = fixed + messagesOf(publications, turnSeconds) * constants.messageSeconds
  const perConnection = connections === 0 ? 0 : (rate * fanout) / connections
  const batch = Math.max(1, perConnection * turnSeconds)
  const cpuUngathered =
    fixed + publications * constants.messageSeconds + deliveries * constants.writeSeconds
  const subscribers = fanout / count
  const alone = subscribers * (constants.writeSeconds + perDelivery)
  // A busy core writes each of its connections once per turn, and the rest of the
  // turn goes into everything else: that decides how long the turn becomes.
  const turn = gathered < 1 ? (mine * constants.writeSeconds) / (1 - gathered) : Infinity
  const mineOfChannels = Math.min(demand.channels, mine * demand.subscriptions)
  return {
    needed: count,
    nodes: count + limits.spare,
    cpu: gathered + (deliveries / batch) * constants.writeSeconds,
    cpuUngathered,
    batch,
    spreadSeconds: cpuUngathered < 1 ? alone : Math.max(alone, turn),
    connections: mine,
    publicationsPerSecond: publications,
    deliveriesPerSecond: deliveries,
    memoryBytes:
      constants.connectorBytes +
      mine * constants.connectionBytes +
      mine * Math.max(0, demand.subscriptions - 1) * constants.subscriptionBytes +
      mineOfChannels * constants.channelBytes,
    networkBytesPerSecond:
      deliveries * (demand.payloadBytes + constants.envelopeBytes + segmentBytes / batch)
  }
}

const connectorUses = (need: ConnectorNeed, limits: Limits): ReadonlyArray<Use> => [
  { role: "connector", resource: "CPU", share: need.cpu / limits.utilisation },
  {
    role: "connector",
    resource: "connections",
    share: need.connections / limits.connectionsPerNode
  },
  { role: "connector", resource: "memory", share: need.memoryBytes / limits.memoryBytes },
  {
    role: "connector",
    resource: "network",
    share: need.networkBytesPerSecond / (limits.networkBytesPerSecond * limits.utilisation)
  }
]

/** The fewest for which `fits`, which must stay true for more; `most` where none are enough. */
const fewest = (most: number, fits: (count: number) => boolean): number => {
  let low = 1
  let high = most
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (fits(middle)) high = middle
    else low = middle + 1
  }
  return low
}

const fitsAll = (uses: ReadonlyArray<Use>): boolean => uses.every(({ share }) => share <= 1)

export const routerNeed = (
  count: number,
  connectors: number,
  demand: Demand,
  limits: Limits,
  constants: Constants
): GatheringNeed => {
  const mine = demand.rate / count
  const lanes = connectorsReached(connectors, demand.fanout)
  const perPublication =
    (demand.logged ? constants.loggedSeconds : constants.unloggedSeconds) +
    (demand.unary ? constants.callSeconds : 0) +
    lanes * constants.laneSeconds +
    // Publishers ask any router: all but one in `count` publications go on to their owner.
    (1 - 1 / count) * constants.forwardSeconds
  // Measured with one lane: half is the message of a publisher, half that to a connector.
  const perMessage = (constants.routerMessageSeconds * (1 + lanes)) / 2
  const fixed = constants.baseSeconds + mine * perPublication
  return {
    needed: count,
    nodes: count + limits.spare,
    cpu: fixed + messagesOf(mine, limits.turnSeconds) * perMessage,
    cpuUngathered: fixed + mine * perMessage,
    memoryBytes: constants.routerBytes + (demand.channels / count) * constants.routerChannelBytes
  }
}

/** What one node more halves and nothing else holds. */
const dividedNeed = (
  total: number,
  spare: number,
  memoryBytes: number,
  { utilisation }: Limits
): RoleNeed => {
  const needed = Math.min(mostNodes, Math.max(1, Math.ceil(total / utilisation)))
  return { needed, nodes: needed + spare, cpu: total / needed, memoryBytes }
}

export const predict = (demand: Demand, limits: Limits, constants: Constants): Prediction => {
  const connectors = (count: number) => connectorNeed(count, demand, limits, constants)
  const connector = connectors(
    fewest(mostNodes, (count) => fitsAll(connectorUses(connectors(count), limits)))
  )

  const routerUses = (need: RoleNeed): ReadonlyArray<Use> => [
    { role: "router", resource: "CPU", share: need.cpu / limits.utilisation },
    { role: "router", resource: "memory", share: need.memoryBytes / limits.memoryBytes }
  ]
  const routers = (count: number) => routerNeed(count, connector.nodes, demand, limits, constants)
  // A channel has one owner: more routers than channels have nothing to do.
  const mostRouters = Math.max(1, Math.min(mostNodes, Math.floor(demand.channels)))
  const router = routers(fewest(mostRouters, (count) => fitsAll(routerUses(routers(count)))))

  const redis = demand.logged
    ? dividedNeed(demand.rate * constants.redisSeconds, 0, 0, limits)
    : undefined
  const handshakes = demand.connections / demand.lifetimeSeconds
  const auth = dividedNeed(
    constants.baseSeconds + handshakes * constants.authSeconds,
    limits.spare,
    constants.authBytes,
    limits
  )

  const cpuUse = (role: Role, need: RoleNeed | undefined): ReadonlyArray<Use> =>
    need === undefined ? [] : [{ role, resource: "CPU", share: need.cpu / limits.utilisation }]
  const uses = [
    ...connectorUses(connector, limits),
    ...routerUses(router),
    ...cpuUse("redis", redis),
    ...cpuUse("auth", auth)
  ].sort((a, b) => b.share - a.share)
  return { connector, router, redis, auth, uses }
}
