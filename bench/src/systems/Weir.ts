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
}

const config = {
  limits: {
    exempt: ["127.0.0.0/8"],
    connectionsPerNode: 100_000,
    // No peer has a bound there: what is compared is what a handshake costs.
    handshakesPerNode: { perSecond: 1_000_000, burst: 1_000_000 }
  }
}

const readyLimitMs = 60_000
const portsPerNode = 4

const configFile = Effect.gen(function* () {
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

const developmentToken = (http: string) =>
  ask("/dev/token", async () => {
    const response = await fetch(`http://${http}/dev/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user: "bench" })
    })
    const { token } = (await response.json()) as { readonly token: string }
    return token
  })

const start = Effect.fnUntraced(function* (
  dialect: DialectName,
  { otherCore, serverCore, servers }: StartOptions
): Effect.fn.Return<Running, BenchFailure, Scope.Scope> {
  const root = checkout()
  const file = yield* configFile
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
    core: otherCore
  })
  const nodes = yield* readNodes(cluster)
  const of = (role: string) => nodes.filter((node) => node.role === role)
  const connectors = of("connector")
  for (const { pid } of connectors) pin(pid, serverCore)
  yield* allOwned(of("router").map(({ node, ops }) => ({ name: node, ops })))
  const named = (lines: ReadonlyArray<NodeLine>) =>
    lines.map(({ node, pid }) => ({ name: node, pid }))
  const addresses = connectors.map(({ http }) => http!)
  return {
    version: describeMachine(root).weir,
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
