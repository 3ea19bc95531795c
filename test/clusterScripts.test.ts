import { assert, describe, layer } from "@effect/vitest"
import type { Node, View } from "@weir/cluster/View"
import { leap, viewKeys } from "@weir/cluster/ViewScripts"
import * as ViewStore from "@weir/cluster/ViewStore"
import { Redis } from "@weir/redis/Redis"
import * as RedisConnection from "@weir/redis/RedisConnection"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import { Effect, Layer, Result } from "effect"
import { startRedis } from "./harness/RedisServer.ts"

const node = (name: string, incarnation = 5): Node => ({
  name,
  role: "router",
  incarnation,
  mesh: `${name}:1`,
  draining: false
})

const view = (version: number, ...nodes: ReadonlyArray<Node>): View => ({ version, nodes })

const nothing = view(0)

const one = node("router-1")
const two = node("router-2")

/** A store of its own for each test, with these nodes in it. */
const storeWith = Effect.fnUntraced(function* (...nodes: ReadonlyArray<Node>) {
  const redis = yield* Redis
  yield* redis.command("FLUSHALL", [])
  const store = yield* ViewStore.make
  for (const it of nodes) yield* store.join(it, nothing)
  return store
})

const names = (it: View | undefined) => it?.nodes.map(({ name }) => name).toSorted()

const withRedis = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => startRedis()),
      (server) => Effect.promise(server.stop)
    ),
    ({ url }) =>
      RedisConnection.layer(Result.getOrThrow(parseRedisUrl(url)), { name: "view-scripts" })
  )
)

layer(withRedis, { excludeTestServices: true })("the scripts of the view", (it) => {
  const test = <E>(name: string, effect: Effect.Effect<void, E, Redis>) =>
    it.effect(name, () => effect)

  describe("join", () => {
    test(
      "puts the node in, raises the version and tells who is there",
      Effect.gen(function* () {
        const store = yield* storeWith(one)
        const answer = yield* store.join(two, nothing)
        assert.strictEqual(answer.tag, "JOINED")
        assert.strictEqual(answer.version, 2)
        assert.sameDeepMembers([...answer.view!.nodes], [one, two])
        assert.deepStrictEqual(
          answer.beats,
          new Map([
            ["router-1", "5:1"],
            ["router-2", "5:1"]
          ])
        )
      })
    )

    test(
      "replaces an older life of the name",
      Effect.gen(function* () {
        const store = yield* storeWith(one)
        const answer = yield* store.join(node("router-1", 6), nothing)
        assert.strictEqual(answer.tag, "JOINED")
        assert.deepStrictEqual(answer.view?.nodes, [node("router-1", 6)])
      })
    )

    test(
      "refuses an older life than the one that is there, and says which that is",
      Effect.gen(function* () {
        const store = yield* storeWith(node("router-1", 9))
        const answer = yield* store.join(one, nothing)
        assert.deepStrictEqual([answer.tag, answer.held, answer.version], ["NEWER", 9, 1])
      })
    )

    test(
      "gives a Redis that is behind everything that the caller knows, far above its version",
      Effect.gen(function* () {
        const store = yield* storeWith(node("connector-1"))
        const answer = yield* store.join(one, view(7, one, two))
        assert.deepStrictEqual(names(answer.view), ["connector-1", "router-1", "router-2"])
        assert.deepStrictEqual(
          answer.beats,
          new Map([
            ["connector-1", "5:1"],
            ["router-1", "5:1"],
            ["router-2", "5:0"]
          ])
        )
        assert.strictEqual(answer.version, 7 + leap)
      })
    )
  })

  describe("beat", () => {
    test(
      "raises the counter, and sends nodes only to those who know another version",
      Effect.gen(function* () {
        const store = yield* storeWith(one)
        const known = yield* store.beat(one, view(1, one))
        assert.deepStrictEqual([known.tag, known.version, known.view], ["BEAT", 1, undefined])
        assert.strictEqual(known.beats.get("router-1"), "5:2")
        const unknown = yield* store.beat(one, nothing)
        assert.deepStrictEqual(unknown.view, view(1, one))
      })
    )

    test(
      "says GONE to a node that was removed",
      Effect.gen(function* () {
        const store = yield* storeWith(one)
        const answer = yield* store.beat(two, view(1, one))
        assert.deepStrictEqual([answer.tag, answer.version], ["GONE", 1])
        assert.isFalse(answer.beats.has("router-2"))
      })
    )

    test(
      "says REPLACED to an earlier life",
      Effect.gen(function* () {
        const store = yield* storeWith(one)
        const answer = yield* store.beat(node("router-1", 4), nothing)
        assert.strictEqual(answer.tag, "REPLACED")
        assert.strictEqual(answer.beats.get("router-1"), "5:1")
      })
    )

    test(
      "says GONE at a lower version where Redis has lost its memory",
      Effect.gen(function* () {
        const store = yield* storeWith()
        const answer = yield* store.beat(one, view(7, one))
        assert.deepStrictEqual([answer.tag, answer.version], ["GONE", 0])
      })
    )

    test(
      "brings a Redis that went back in time above what the caller knows",
      Effect.gen(function* () {
        const store = yield* storeWith(one)
        const answer = yield* store.beat(one, view(7, one, two))
        assert.deepStrictEqual([answer.tag, answer.version], ["BEAT", 7 + leap])
        assert.deepStrictEqual(names(answer.view), ["router-1"])
      })
    )
  })

  test(
    "look tells the same, and is no sign of life",
    Effect.gen(function* () {
      const store = yield* storeWith(one)
      const answer = yield* store.look(nothing)
      assert.deepStrictEqual([answer.tag, answer.view], ["SEEN", view(1, one)])
      assert.strictEqual(answer.beats.get("router-1"), "5:1")
      assert.isUndefined((yield* store.look(view(1, one))).view)
    })
  )

  describe("evict", () => {
    test(
      "removes a node whose beat is still the observed one",
      Effect.gen(function* () {
        const store = yield* storeWith(one, two)
        const answer = yield* store.evict("router-2", "5:1", view(2, one, two))
        assert.strictEqual(answer.tag, "EVICTED")
        assert.deepStrictEqual(answer.view, view(3, one))
        assert.deepStrictEqual([...answer.beats.keys()], ["router-1"])
      })
    )

    test(
      "keeps a node that has beaten since, and one that is not there",
      Effect.gen(function* () {
        const store = yield* storeWith(one)
        yield* store.beat(one, nothing)
        const late = yield* store.evict("router-1", "5:1", nothing)
        assert.deepStrictEqual(
          [late.tag, late.version, names(late.view)],
          ["KEPT", 1, ["router-1"]]
        )
        assert.strictEqual((yield* store.evict("router-2", "5:1", nothing)).tag, "KEPT")
      })
    )
  })

  describe("update", () => {
    const draining = { ...one, draining: true }

    test(
      "changes what is said of the node, and raises the version",
      Effect.gen(function* () {
        const store = yield* storeWith(one)
        const answer = yield* store.update(draining, view(1, one))
        assert.deepStrictEqual([answer.tag, answer.view], ["UPDATED", view(2, draining)])
      })
    )

    test(
      "says GONE to another life, and changes nothing",
      Effect.gen(function* () {
        const store = yield* storeWith(node("router-1", 6))
        const answer = yield* store.update(draining, nothing)
        assert.deepStrictEqual([answer.tag, answer.view], ["GONE", view(1, node("router-1", 6))])
      })
    )
  })

  describe("leave", () => {
    test(
      "removes the node, and raises the version",
      Effect.gen(function* () {
        const store = yield* storeWith(one, two)
        const answer = yield* store.leave(two, view(2, one, two))
        assert.deepStrictEqual([answer.tag, answer.view], ["LEFT", view(3, one)])
      })
    )

    test(
      "says GONE to another life, and removes nothing",
      Effect.gen(function* () {
        const store = yield* storeWith(node("router-1", 6))
        const answer = yield* store.leave(one, nothing)
        assert.deepStrictEqual([answer.tag, names(answer.view)], ["GONE", ["router-1"]])
      })
    )
  })

  test(
    "does without nodes that it cannot read",
    Effect.gen(function* () {
      const store = yield* storeWith(one)
      const redis = yield* Redis
      yield* redis.command("HSET", [viewKeys[0], "x", '{"name":"x","role":"archivist"}'])
      assert.deepStrictEqual(names((yield* store.look(nothing)).view), ["router-1"])
    })
  )
})
