import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { begin, type MeshNode } from "@weir/cluster/MeshNode.fixture"
import type { Role, View } from "@weir/cluster/View"
import { Effect, Exit, Logger, References, Scope, Stream } from "effect"
import { type RedisServer, startRedis } from "./harness/RedisServer.ts"
import { startProxy } from "./harness/TcpProxy.ts"
import { waitUntil } from "./harness/waitUntil.ts"

/** A node within this process, with all views that it has had. */
interface LocalNode extends MeshNode {
  readonly views: ReadonlyArray<View>
  /** Ends it as an operator would. */
  readonly leave: Effect.Effect<void>
}

const local = Effect.fnUntraced(function* (redis: { url: string }, name: string, role: Role) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (it) => Scope.close(it, Exit.void))
  const node = yield* Scope.provide(begin({ name, role, redis: redis.url }), scope)
  const views: Array<View> = []
  yield* Stream.runForEach(node.cluster.changes, (view) =>
    Effect.sync(() => void views.push(view))
  ).pipe(Effect.forkIn(scope, { startImmediately: true }))
  return { ...node, views, leave: Scope.close(scope, Exit.void) } satisfies LocalNode
})

const routers = (redis: RedisServer, ...names: ReadonlyArray<string>) =>
  Effect.forEach(names, (name) => local(redis, name, "router"), { concurrency: "unbounded" })

const fixture = fileURLToPath(new URL("../libs/cluster/src/MeshNode.fixture.ts", import.meta.url))

/** A router in a process of its own, for what only a process can suffer. */
const remote = (redis: RedisServer, name: string) =>
  Effect.acquireRelease(
    Effect.promise(async (): Promise<ChildProcess> => {
      const child = spawn(process.execPath, [fixture, name, "router", redis.url], {
        stdio: ["pipe", "pipe", "inherit"]
      })
      await once(child.stdout!, "data")
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const redisServer = Effect.acquireRelease(
  Effect.promise(() => startRedis()),
  (server) => Effect.promise(server.stop)
)

const proxyTo = (target: string) =>
  Effect.acquireRelease(
    Effect.promise(() => startProxy(target)),
    (proxy) => Effect.promise(proxy.close)
  )

const until = (what: string, check: () => boolean | Promise<boolean>) =>
  Effect.promise(() => waitUntil(what, check))

const namesIn = (view: View | undefined) => view?.nodes.map(({ name }) => name).toSorted() ?? []

const incarnationOf = (view: View, name: string) =>
  view.nodes.find((node) => node.name === name)?.incarnation

/** All of them know exactly these nodes, under one version. */
const agree = (nodes: ReadonlyArray<MeshNode>, ...names: ReadonlyArray<string>) =>
  until(`${nodes.map(({ name }) => name)} all see ${names}`, () => {
    const views = nodes.map(({ cluster }) => cluster.view())
    return (
      new Set(views.map(({ version }) => version)).size === 1 &&
      views.every((view) => namesIn(view).join() === names.toSorted().join())
    )
  })

/** The lines that everybody in this process logs. */
const noteLogs = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ fiber, message }) => {
    const annotations = fiber.getRef(References.CurrentLogAnnotations)
    lines.push(JSON.stringify([message, annotations]))
  })
  return { lines, logged: Logger.layer([logger]) }
}

const lostNobody = (node: LocalNode, ...names: ReadonlyArray<string>) => {
  const first = node.views.findIndex((view) => namesIn(view).join() === names.join())
  for (const view of node.views.slice(first)) assert.includeMembers(namesIn(view), [...names])
}

/** The counter of each node's heartbeat, as Redis has it. */
const countersOf = async (redis: RedisServer): Promise<ReadonlyArray<number>> => {
  const values = await redis.cli("HVALS", "weir:{view}:beats")
  return values.split("\n").map((beat) => Number(beat.split(":")[1]))
}

/** More beats of each than a reader needs to call one of them stale. */
const manyBeats = 7

const test = <E>(name: string, run: () => Effect.Effect<void, E, Scope.Scope>) =>
  it.live(name, () => Effect.provide(run(), Logger.layer([])))

describe("the view of a mesh", () => {
  test("is the same for every node, whatever its role", () =>
    Effect.gen(function* () {
      const redis = yield* redisServer
      const nodes = [
        ...(yield* routers(redis, "router-1", "router-2", "router-3")),
        yield* local(redis, "presence-1", "presence"),
        yield* local(redis, "connector-1", "connector")
      ]
      const all = ["router-1", "router-2", "router-3", "presence-1", "connector-1"]
      yield* agree(nodes, ...all)
      const [first] = nodes
      for (const { cluster } of nodes) {
        assert.deepStrictEqual(
          cluster.assignment("router").owners,
          first!.cluster.assignment("router").owners
        )
      }
    }))

  test("loses a node that leaves, and marks one that drains", () =>
    Effect.gen(function* () {
      const redis = yield* redisServer
      const [one, two] = yield* routers(redis, "router-1", "router-2")
      const connector = yield* local(redis, "connector-1", "connector")
      yield* two!.cluster.drain
      yield* until("everybody knows that router-2 drains", () =>
        [one!, two!, connector].every(({ cluster }) =>
          cluster.view().nodes.some(({ draining, name }) => draining && name === "router-2")
        )
      )
      const owners = connector.cluster.assignment("router").owners
      assert.deepStrictEqual([...new Set(owners.map(({ name }) => name))], ["router-1"])
      yield* two!.leave
      yield* agree([one!, connector], "router-1", "connector-1")
    }))

  test("takes a node that starts again in place of its last life", () =>
    Effect.gen(function* () {
      const redis = yield* redisServer
      const [one] = yield* routers(redis, "router-1")
      const child = yield* remote(redis, "router-2")
      yield* agree([one!], "router-1", "router-2")
      const before = incarnationOf(one!.cluster.view(), "router-2")!
      child.kill("SIGKILL")
      yield* remote(redis, "router-2")
      yield* until("router-2 has a newer life", () => {
        const now = incarnationOf(one!.cluster.view(), "router-2")
        return now !== undefined && now > before
      })
    }))

  test("takes back a node that was evicted while it lives, as a new life", () => {
    const { lines, logged } = noteLogs()
    return Effect.gen(function* () {
      const redis = yield* redisServer
      const [one, two] = yield* routers(redis, "router-1", "router-2")
      yield* agree([one!, two!], "router-1", "router-2")
      const before = incarnationOf(one!.cluster.view(), "router-2")!
      yield* Effect.promise(() => redis.cli("HDEL", "weir:{view}:beats", "router-2"))
      yield* until("router-2 has a newer life", () =>
        [one!, two!].every(({ cluster }) => incarnationOf(cluster.view(), "router-2")! > before)
      )
      assert.lengthOf(
        lines.filter((line) => line.includes("this node was evicted; joining again")),
        1
      )
    }).pipe(Effect.provide(logged))
  })

  test("keeps the newer of two processes with one name, until it leaves", () =>
    Effect.gen(function* () {
      const redis = yield* redisServer
      const [one, older] = yield* routers(redis, "router-1", "router-2")
      const newer = yield* local(redis, "router-2", "router")
      const isMesh = (mesh: string) =>
        one!.cluster.view().nodes.some((node) => node.name === "router-2" && node.mesh === mesh)
      yield* until("router-1 sees the newer", () => isMesh(newer.mesh))
      yield* until("the older has lost its place", () => older!.cluster.heartbeatAge() === Infinity)
      const { version } = one!.cluster.view()
      const [before] = yield* Effect.promise(() => countersOf(redis))
      yield* until("both have had time to fight", async () => {
        const counters = await countersOf(redis)
        return counters[0]! >= before! + manyBeats
      })
      assert.deepStrictEqual([one!.cluster.view().version, isMesh(newer.mesh)], [version, true])
      yield* newer.leave
      yield* until("the older has its place again", () => isMesh(older!.mesh))
    }))

  test("lets a process that starts have its name, though its clock went back", () =>
    Effect.gen(function* () {
      const redis = yield* redisServer
      const later = Date.now() + 3_600_000
      yield* Effect.promise(() => redis.cli("HSET", "weir:{view}:beats", "router-1", `${later}:7`))
      const [one] = yield* routers(redis, "router-1")
      assert.strictEqual(incarnationOf(one!.cluster.view(), "router-1"), later + 1)
    }))

  test("tells each node how long ago it last proved that it lives", () =>
    Effect.gen(function* () {
      const redis = yield* redisServer
      const [one] = yield* routers(redis, "router-1")
      assert.isTrue(Number.isFinite(one!.cluster.heartbeatAge()))
      yield* Effect.promise(() => redis.kill("SIGKILL"))
      yield* until("the age grows", () => one!.cluster.heartbeatAge() > 2_000)
      yield* Effect.promise(redis.restart)
      yield* until("the age is that of a new beat", () => one!.cluster.heartbeatAge() < 1_000)
    }))
})

describe("a router that dies", () => {
  test("is evicted because its address refuses connections", () => {
    const { lines, logged } = noteLogs()
    return Effect.gen(function* () {
      const redis = yield* redisServer
      const nodes = yield* routers(redis, "router-1", "router-2")
      const connector = yield* local(redis, "connector-1", "connector")
      const everybody = [...nodes, connector]
      const child = yield* remote(redis, "router-3")
      yield* agree(everybody, "router-1", "router-2", "router-3", "connector-1")
      child.kill("SIGKILL")
      yield* agree(everybody, "router-1", "router-2", "connector-1")
      const evicted = lines.filter((line) => line.includes("node evicted"))
      assert.lengthOf(evicted, 1)
      assert.include(evicted[0], "refuses connections")
    }).pipe(Effect.provide(logged))
  })

  test("is evicted for its silence if its address still accepts, and comes back as a new life", () => {
    const { lines, logged } = noteLogs()
    return Effect.gen(function* () {
      const redis = yield* redisServer
      const nodes = yield* routers(redis, "router-1", "router-2")
      const child = yield* remote(redis, "router-3")
      yield* agree(nodes, "router-1", "router-2", "router-3")
      const before = incarnationOf(nodes[0]!.cluster.view(), "router-3")!
      child.kill("SIGSTOP")
      yield* agree(nodes, "router-1", "router-2")
      const evicted = lines.filter((line) => line.includes("node evicted"))
      assert.lengthOf(evicted, 1)
      assert.include(evicted[0], "stands still")
      child.kill("SIGCONT")
      yield* agree(nodes, "router-1", "router-2", "router-3")
      assert.isAbove(incarnationOf(nodes[0]!.cluster.view(), "router-3")!, before)
    }).pipe(Effect.provide(logged))
  })
})

describe("the view when Redis fails", () => {
  test("comes back whole, above its version, after Redis lost its memory", () =>
    Effect.gen(function* () {
      const redis = yield* redisServer
      const nodes = yield* routers(redis, "router-1", "router-2", "router-3")
      yield* agree(nodes, "router-1", "router-2", "router-3")
      const before = nodes[0]!.cluster.view()
      yield* Effect.promise(() => redis.cli("FLUSHALL"))
      yield* until("everybody has a higher version", () =>
        nodes.every(({ cluster }) => cluster.view().version > before.version)
      )
      yield* until("everybody beats again", async () => {
        const counters = await countersOf(redis)
        return counters.length === 3 && counters.every((counter) => counter >= manyBeats)
      })
      yield* agree(nodes, "router-1", "router-2", "router-3")
      for (const node of nodes) lostNobody(node, "router-1", "router-2", "router-3")
      assert.sameDeepMembers([...nodes[0]!.cluster.view().nodes], [...before.nodes])
    }))

  test("loses nobody while Redis hangs, nor when it goes on", () =>
    Effect.gen(function* () {
      const redis = yield* redisServer
      const nodes = yield* routers(redis, "router-1", "router-2", "router-3")
      const connector = yield* local(redis, "connector-1", "connector")
      const all = ["connector-1", "router-1", "router-2", "router-3"]
      const everybody = [...nodes, connector]
      yield* agree(everybody, ...all)
      yield* Effect.promise(() => redis.kill("SIGSTOP"))
      yield* until("nobody has proved for 4 s that it lives", () =>
        everybody.every(({ cluster }) => cluster.heartbeatAge() > 4_000)
      )
      yield* Effect.promise(() => redis.kill("SIGCONT"))
      const atReturn = yield* Effect.promise(() => countersOf(redis))
      yield* until("everybody beats again", async () => {
        const counters = await countersOf(redis)
        return counters.every((counter, index) => counter >= atReturn[index]! + manyBeats)
      })
      yield* agree(everybody, ...all)
      for (const node of everybody) lostNobody(node, ...all)
    }))

  test("reaches a connector from the routers, without Redis", () =>
    Effect.gen(function* () {
      const redis = yield* redisServer
      const proxy = yield* proxyTo(`127.0.0.1:${redis.port}`)
      const [one, two] = yield* routers(redis, "router-1", "router-2")
      const connector = yield* local(
        { url: `redis://${proxy.address}` },
        "connector-1",
        "connector"
      )
      yield* agree([one!, two!, connector], "router-1", "router-2", "connector-1")

      // Its own Redis is gone: it is evicted, and learns even that from the routers.
      proxy.refuse(true)
      proxy.cut()
      const three = yield* local(redis, "router-3", "router")
      yield* agree([one!, two!, three, connector], "router-1", "router-2", "router-3")

      yield* Effect.promise(() => redis.kill("SIGKILL"))
      yield* until("the routers have missed Redis", () => one!.cluster.heartbeatAge() > 2_000)
      yield* agree([one!, two!, three, connector], "router-1", "router-2", "router-3")

      yield* Effect.promise(redis.restart)
      proxy.refuse(false)
      yield* agree(
        [one!, two!, three, connector],
        "router-1",
        "router-2",
        "router-3",
        "connector-1"
      )
    }))
})
