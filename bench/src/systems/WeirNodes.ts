/**
 * WeirNodes: Weir's services as processes, as many of each as a scenario asks for,
 * over a Redis of their own or over none.
 *
 * Over Redis they find each other there, as in production. Without it, their view is
 * fixed and the routers keep their logs in memory: as under `npm start`, but with a
 * process for each service, so that each one's CPU time is its own.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Schedule, type Scope } from "effect"
import { checkout } from "../Checkout.ts"
import { type Spawned, spawn } from "../Child.ts"
import { freePort } from "../FreePort.ts"
import { describeMachine } from "../Machine.ts"
import { scrape } from "../Metrics.ts"
import { BenchFailure, type Process } from "../System.ts"
import { benchIssuer, trusting } from "../Token.ts"
import { startRedis } from "./RedisServer.ts"
import { temporaryDirectory } from "./TemporaryDirectory.ts"

export type NodeRole = "connector" | "router" | "presence" | "auth"

/** `memory`: no Redis at all. */
export type Store = "memory" | "redis"

export interface Node extends Process {
  readonly role: NodeRole
  /** Clients' door of a connector. */
  readonly http: string | null
  /** The publish API of a router. */
  readonly grpc: string | null
  readonly ops: string
  /** Where other nodes reach it. */
  readonly mesh: string
}

export interface NodesOptions {
  readonly store: Store
  readonly counts: Readonly<Partial<Record<NodeRole, number>>>
  /** The core for a node, by its role, or for Redis; undefined: wherever. */
  readonly coreOf: (role: NodeRole | "redis") => number | undefined
}

export interface Nodes {
  /** The commit. */
  readonly version: string
  readonly all: ReadonlyArray<Node>
  readonly of: (role: NodeRole) => ReadonlyArray<Node>
  readonly redis: Process | undefined
}

/** One host plays a crowd: bounds on rates are not what is measured. */
const config = {
  auth: trusting(benchIssuer),
  limits: {
    connectionsPerNode: 100_000,
    handshakesPerNode: { perSecond: 1_000_000, burst: 1_000_000 },
    commands: { perSecond: 1_000_000, burst: 1_000_000 },
    exempt: ["127.0.0.0/8"]
  }
}

/** Connectors last: clients meet a mesh that is up. */
const startOrder: ReadonlyArray<ReadonlyArray<NodeRole>> = [
  ["router", "presence", "auth"],
  ["connector"]
]

const readyLimitMs = 30_000

interface Plan {
  readonly name: string
  readonly role: NodeRole
  /** Known before it starts, because a fixed view names it. */
  readonly meshPort: number
}

const mainOf = (role: NodeRole): string => join(checkout(), `services/${role}/src/main.ts`)

const makePlans = Effect.fnUntraced(function* (counts: NodesOptions["counts"]) {
  const plans: Array<Plan> = []
  for (const role of startOrder.flat()) {
    for (let number = 1; number <= (counts[role] ?? 0); number++) {
      plans.push({ name: `${role}-${number}`, role, meshPort: yield* freePort() })
    }
  }
  return plans
})

const writeConfig = Effect.fnUntraced(function* (plans: ReadonlyArray<Plan>, store: Store) {
  const directory = yield* temporaryDirectory
  const nodes = plans.map(({ meshPort, name, role }) => ({
    ...{ name, role, mesh: `127.0.0.1:${meshPort}` }
  }))
  const file = join(directory, "weir.json")
  const text = JSON.stringify(store === "memory" ? { ...config, nodes } : config)
  yield* Effect.promise(() => writeFile(file, text))
  return file
})

/** The next line of JSON that it prints once it is ready. */
const nodeLine = (child: Spawned): Effect.Effect<Omit<Node, "name">, BenchFailure> =>
  Effect.map(
    child.nextLine((line) => line.startsWith('{"node"'), readyLimitMs),
    (line) => JSON.parse(line)
  )

/** Whoever has an operations door. */
type Scraped = Pick<Node, "name" | "ops">

/** A series of its /metrics; 0 if there is none. */
export const metric = (
  { name, ops }: Scraped,
  series: string
): Effect.Effect<number, BenchFailure> =>
  Effect.tryPromise({
    try: () => scrape(ops, series),
    catch: (error) => new BenchFailure({ message: `${name}: /metrics: ${error}` })
  })

const shardCount = 1_024

/** Until then, publications are refused for a moment. */
export const allOwned = (routers: ReadonlyArray<Scraped>): Effect.Effect<void, BenchFailure> =>
  Effect.forEach(routers, (router) => metric(router, "weir_router_shards_owned")).pipe(
    Effect.map((owned) => owned.reduce((sum, it) => sum + it, 0)),
    Effect.repeat({ until: (sum) => sum >= shardCount, schedule: Schedule.spaced("50 millis") }),
    Effect.timeoutOrElse({
      duration: "30 seconds",
      orElse: () => Effect.fail(new BenchFailure({ message: "the routers do not own all shards" }))
    }),
    Effect.asVoid
  )

/** All of them, ready, for as long as the scope is open. */
export const startNodes = Effect.fnUntraced(function* (
  options: NodesOptions
): Effect.fn.Return<Nodes, BenchFailure, Scope.Scope> {
  const { coreOf, counts, store } = options
  const redis = store === "redis" ? yield* startRedis(coreOf("redis")) : undefined
  const plans = yield* makePlans(counts)
  const file = yield* writeConfig(plans, store)

  const startNode = Effect.fnUntraced(function* ({ meshPort, name, role }: Plan) {
    const child = yield* spawn({
      command: process.execPath,
      args: [mainOf(role), "--json"],
      name,
      core: coreOf(role),
      env: {
        WEIR_NODE: name,
        WEIR_CONFIG: file,
        WEIR_DEVELOPMENT: "true",
        WEIR_HOST: "127.0.0.1",
        WEIR_LOG_LEVEL: "Warn",
        WEIR_REDIS_URL: redis?.url ?? "",
        WEIR_HTTP_PORT: "0",
        WEIR_GRPC_PORT: "0",
        WEIR_MESH_PORT: String(meshPort),
        WEIR_OPS_PORT: "0"
      }
    })
    return { ...(yield* nodeLine(child)), name, role, pid: child.pid }
  })

  const all: Array<Node> = []
  for (const roles of startOrder) {
    const group = plans.filter(({ role }) => roles.includes(role))
    all.push(...(yield* Effect.forEach(group, startNode, { concurrency: "unbounded" })))
  }
  const of = (role: NodeRole) => all.filter((node) => node.role === role)
  yield* allOwned(of("router"))
  return { version: describeMachine(checkout()).weir, all, of, redis }
})

/** Redis among them: all whose CPU time belongs to the figures. */
export const processesOf = ({ all, redis }: Nodes): ReadonlyArray<Process> =>
  [...all, ...(redis === undefined ? [] : [redis])].map(({ name, pid }) => ({ name, pid }))
