/**
 * Weir: as it is shipped, in processes of its own, by `npm run cluster`: connectors,
 * a router, presence, auth and Redis, with the development identity.
 *
 * Two things are not as shipped: a host may open as many connections as it likes, as fast as it
 * likes, and Weir's own processes stay on the cores that the run gives them.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { checkout } from "../Checkout.ts"
import { type Spawned, spawn } from "../Child.ts"
import type { DialectName } from "../driver/Dialect.ts"
import { freePorts } from "../FreePort.ts"
import { describeMachine, has, pin } from "../Machine.ts"
import { BenchFailure, type Running, type StartOptions, type System } from "../System.ts"
import { temporaryDirectory } from "./TemporaryDirectory.ts"
import { allOwned } from "./WeirNodes.ts"

/** Of `deploy/cluster`, for each node that is ready. */
interface NodeLine {
  readonly node: string
  readonly role: string
  readonly pid: number
  readonly http: string | null
  readonly grpc: string | null
  readonly ops: string
  /** Of Redis alone. */
  readonly port?: number
}

/** One host plays a crowd. */
export const crowdLimits = { exempt: ["127.0.0.0/8"], connectionsPerNode: 100_000 }

const limits = {
  ...crowdLimits,
  // No peer has a bound there: what is compared is what a handshake costs.
  handshakesPerNode: { perSecond: 1_000_000, burst: 1_000_000 }
}

const readyLimitMs = 60_000
const portsPerNode = 4

/** What is not as shipped; namespaces, where they are not the development ones. */
export interface ClusterConfig {
  readonly limits: object
  readonly namespaces?: StartOptions["namespaces"]
}

const configFile = Effect.fnUntraced(function* (config: ClusterConfig) {
  const directory = yield* temporaryDirectory
  const file = join(directory, "weir.json")
  yield* Effect.promise(() => writeFile(file, JSON.stringify(config)))
  return file
})

const readNodes = Effect.fnUntraced(function* (cluster: Spawned) {
  const nodes: Array<NodeLine> = []
  while (true) {
    const line = yield* cluster.nextLine((it) => it.startsWith("{"), readyLimitMs)
    const json = JSON.parse(line)
    if (json.ready === true) return nodes
    if (json.ended !== undefined) {
      return yield* new BenchFailure({ message: `weir: ${line}\n${cluster.log()}` })
    }
    if (json.node !== undefined) nodes.push(json)
  }
})

const ask = <A>(what: string, attempt: () => Promise<A>): Effect.Effect<A, BenchFailure> =>
  Effect.tryPromise({
    try: attempt,
    catch: (error) => new BenchFailure({ message: `weir: ${what}: ${error}` })
  })

export const developmentToken = (http: string) =>
  ask("/dev/token", async () => {
    const response = await fetch(`http://${http}/dev/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user: "bench" })
    })
    const { token } = (await response.json()) as { readonly token: string }
    return token
  })

export interface Cluster {
  readonly version: string
  readonly nodes: ReadonlyArray<NodeLine>
  readonly of: (role: string) => ReadonlyArray<NodeLine>
  /** Types a line, such as `kill connector-1`. */
  readonly tell: (line: string) => void
}

/** All services by their command, ready, for as long as the scope is open. */
export const startCluster = Effect.fnUntraced(function* (
  config: ClusterConfig,
  servers: number,
  core: number | undefined
): Effect.fn.Return<Cluster, BenchFailure, Scope.Scope> {
  const root = checkout()
  const file = yield* configFile(config)
  const nodeCount = servers + 3
  const portBase = yield* freePorts(1 + portsPerNode * nodeCount)
  const cluster = yield* spawn({
    name: "weir",
    command: process.execPath,
    args: [
      join(root, "deploy/cluster/src/main.ts"),
      ...["--json", "--port-base", String(portBase), "--config", file],
      ...["--connectors", String(servers), "--routers", "1", "--presence", "1"]
    ],
    env: { WEIR_LOG_LEVEL: "Warn" },
    core
  })
  const nodes = yield* readNodes(cluster)
  const of = (role: string) => nodes.filter((node) => node.role === role)
  yield* allOwned(of("router").map(({ node, ops }) => ({ name: node, ops })))
  return {
    version: describeMachine(root).weir,
    nodes,
    of,
    tell: cluster.write
  }
})

const start = Effect.fnUntraced(function* (
  dialect: DialectName,
  { namespaces, otherCore, serverCore, servers }: StartOptions
): Effect.fn.Return<Running, BenchFailure, Scope.Scope> {
  const config = { limits, ...(namespaces === undefined ? {} : { namespaces }) }
  const { nodes, of, version } = yield* startCluster(config, servers, otherCore)
  const connectors = of("connector")
  for (const { pid } of connectors) pin(pid, serverCore)
  const named = (lines: ReadonlyArray<NodeLine>) =>
    lines.map(({ node, ops, pid }) => ({ name: node, pid, ops }))
  const addresses = connectors.map(({ http }) => http!)
  return {
    version,
    servers: named(connectors),
    others: named(nodes.filter(({ role }) => role !== "connector")),
    subscribing: { dialect, addresses, token: yield* developmentToken(addresses[0]!) },
    publishing: { kind: "weir", addresses: of("router").map(({ grpc }) => grpc!), key: "dev-key" }
  }
})

const missing = () =>
  has("redis-server")
    ? undefined
    : "Weir's cluster needs redis-server (Debian, Ubuntu: apt-get install redis-server)"

/** With JSON, as clients have it by default. */
export const system: System = {
  name: "weir",
  missing,
  start: (options) => start("weir-json", options)
}

/** With protobuf. */
export const protoSystem: System = {
  name: "weir-proto",
  missing,
  start: (options) => start("weir-proto", options)
}
