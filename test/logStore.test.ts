/**
 * The log over real Redis keeps every promise that the log in memory keeps, in every
 * shape of Redis, and answers alike.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { shardOf } from "@weir/core/ChannelName"
import { makeNamespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import { Redis } from "@weir/redis/Redis"
import { layer as connectionLayer } from "@weir/redis/RedisConnection"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import { layerRedis } from "@weir/router/adapters/RedisLogStore"
import { layerRedis as layerRecords } from "@weir/router/adapters/RedisShardRecords"
import { recordKey } from "@weir/router/adapters/ShardKeys"
import { channels, term } from "@weir/router/ports/LogCases.contract"
import { Fenced, type From, LogStore } from "@weir/router/ports/LogStore"
import { logStoreContract } from "@weir/router/ports/LogStore.contract"
import { makeMemory } from "@weir/router/ports/MemoryLogStore"
import { ShardRecords } from "@weir/router/ports/ShardRecords"
import { encodePublication } from "@weir/wire/Publications"
import { Effect, Layer, ManagedRuntime, Result } from "effect"
import { TestClock } from "effect/testing"
import { startRedisCluster, startSentinel } from "./harness/RedisGroup.ts"
import { cli, startRedis } from "./harness/RedisServer.ts"
import { waitUntil } from "./harness/waitUntil.ts"

interface Started {
  readonly url: string
  /** Ports of all primaries. */
  readonly primaries: () => Promise<ReadonlyArray<number>>
  readonly stop: () => Promise<void>
}

/** One connection for all tests of a block, on the real clock; empty at each test's start. */
const connected = <A extends Started>(start: () => Promise<A>) => {
  let started: A
  let redis: Redis["Service"]
  let runtime: ManagedRuntime.ManagedRuntime<Redis, never>
  beforeAll(async () => {
    started = await start()
    const target = Result.getOrThrow(parseRedisUrl(started.url))
    runtime = ManagedRuntime.make(connectionLayer(target, { name: "test" }))
    redis = await runtime.runPromise(Redis)
  })
  afterAll(async () => {
    await runtime.dispose()
    await started.stop()
  })
  const empty = Effect.gen(function* () {
    yield* Effect.promise(async () => {
      for (const port of await started.primaries()) await cli(port, ["FLUSHALL"])
    })
    for (const channel of channels) {
      yield* redis.command("HSET", [recordKey(shardOf(channel)), "n", "r1", "t", term, "v", 1])
    }
    return redis
  })
  const server = Layer.effect(Redis, Effect.orDie(empty))
  return {
    started: () => started,
    redis: () => redis,
    /** What is there already, with nothing emptied. */
    kept: layerRedis.pipe(
      Layer.provide(
        Layer.effect(
          Redis,
          Effect.sync(() => redis)
        )
      )
    ),
    stores: Layer.mergeAll(layerRedis, layerRecords).pipe(Layer.provideMerge(server))
  }
}

const startSingle = async () => {
  const server = await startRedis()
  return { ...server, primaries: async () => [server.port] }
}

const startThree = async () => {
  const cluster = await startRedisCluster(3)
  return { ...cluster, primaries: async () => cluster.nodes.map(({ port }) => port) }
}

const startBehindSentinels = async () => {
  const sentinel = await startSentinel()
  return { ...sentinel, primaries: async () => [await sentinel.primaryPort()] }
}

const lobby = { channel: "chat:lobby", namespace: makeNamespace("chat"), term }

const entryAfter = (head: Position, publishedAt = 0, bytes = 10, messageId = "") =>
  encodePublication({
    channel: lobby.channel,
    publisher: "ann",
    messageId,
    key: "",
    contentType: "",
    data: new Uint8Array(bytes),
    publishedAt,
    position: { ...head, offset: head.offset + 1 }
  })

describe("one Redis", () => {
  const { stores } = connected(startSingle)
  logStoreContract("one Redis", stores)
})

describe("a Redis Cluster", () => {
  const { stores } = connected(startThree)
  logStoreContract("a Redis Cluster", stores)
})

describe("Redis behind Sentinels", () => {
  const { kept, redis, started, stores } = connected(startBehindSentinels)
  const durably = { ...lobby, namespace: makeNamespace("chat", { durableReplicas: 1 }) }
  logStoreContract("Redis behind Sentinels", stores)

  describe("after a failover", () => {
    let written: Position
    let isDurable: boolean
    beforeAll(async () => {
      const append = Effect.gen(function* () {
        const logs = yield* LogStore
        const { head } = yield* logs.head(durably)
        const entry = entryAfter(head, 7, 10, "m-1")
        const result = yield* logs.append({ ...durably, after: head, entries: [entry] })
        written = entry.publication.position
        isDurable = result._tag === "Appended" && result.durable
      })
      await Effect.runPromise(Effect.provide(append, stores))
      await started().failover()
      // An answer of the new primary, over the connection that the tests use.
      await waitUntil("writes are answered again", () =>
        Effect.runPromise(Effect.result(redis().command("SET", ["weir:again", "1"]))).then(
          Result.isSuccess
        )
      )
    })

    it.effect("has what was durable, and knows its ids", () =>
      Effect.gen(function* () {
        const logs = yield* LogStore
        assert.isTrue(isDurable)
        assert.deepStrictEqual(yield* logs.head(lobby), { head: written, publishedAt: 7 })
        const again = entryAfter(written, 8, 10, "m-1")
        const result = yield* logs.append({ ...lobby, after: written, entries: [again] })
        const positions = new Map([[0, written]])
        assert.deepStrictEqual(result, { _tag: "Duplicates", positions, durable: true })
      }).pipe(Effect.provide(kept))
    )

    logStoreContract("the Redis that was the replica", stores)
  })
})

describe("a log in Redis", () => {
  const { redis, stores } = connected(startSingle)

  it.effect("is neither read nor written under another term, or without a record", () =>
    Effect.gen(function* () {
      const logs = yield* LogStore
      const { head } = yield* logs.head(lobby)
      yield* logs.append({ ...lobby, after: head, entries: [entryAfter(head)] })
      const [record] = [recordKey(shardOf(lobby.channel))]

      for (const present of [term + 2048, 0]) {
        if (present === 0) yield* redis().command("DEL", [record!])
        else yield* redis().command("HSET", [record!, "t", present])
        const after = { ...head, offset: 1 }
        const asked = [
          logs.append({ ...lobby, after, entries: [entryAfter(after)] }),
          logs.head(lobby),
          logs.read(lobby, { _tag: "After", offset: 0 }, { limit: 1, maxBytes: 1 }),
          logs.resume(lobby, head, { limit: 1, maxBytes: 1 }),
          logs.renew(lobby, head.epoch)
        ]
        for (const effect of asked) {
          const refused = yield* Effect.flip(effect as Effect.Effect<unknown, unknown>)
          assert.instanceOf(refused, Fenced)
          assert.deepStrictEqual((refused as Fenced).term, present)
        }
      }
      yield* redis().command("HSET", [record!, "t", term])
      assert.deepStrictEqual((yield* logs.head(lobby)).head, { ...head, offset: 1 })
    }).pipe(Effect.provide(stores))
  )

  it.effect("outlives its owner, and stays when the owner forgets or releases it", () =>
    Effect.gen(function* () {
      const logs = yield* LogStore
      const { head } = yield* logs.head(lobby)
      const entry = entryAfter(head, 0, 10, "m-1")
      yield* logs.append({ ...lobby, after: head, entries: [entry] })
      assert.isTrue(yield* logs.forget(lobby.channel))
      yield* logs.release(lobby.channel)

      const { position } = entry.publication
      assert.deepStrictEqual((yield* logs.head(lobby)).head, position)
      const again = yield* logs.append({ ...lobby, after: position, entries: [entry] })
      const positions = new Map([[0, position]])
      assert.deepStrictEqual(again, { _tag: "Duplicates", positions, durable: true })
    }).pipe(Effect.provide(stores))
  )

  it.effect("remembers an id for two windows of a new owner, however old it is", () =>
    Effect.gen(function* () {
      const first = yield* LogStore
      const { head } = yield* first.head(lobby)
      const entry = entryAfter(head, 0, 10, "m-1")
      yield* first.append({ ...lobby, after: head, entries: [entry] })
      yield* TestClock.adjust("1 hour")

      const next = yield* Effect.provide(LogStore, Layer.fresh(layerRedis))
      const appended = (after: Position, messageId: string) =>
        Effect.map(
          next.append({ ...lobby, after, entries: [entryAfter(after, 0, 10, messageId)] }),
          ({ _tag }) => _tag
        )
      const { position } = entry.publication
      assert.strictEqual(yield* appended(position, "m-1"), "Duplicates")
      yield* TestClock.adjust("130 seconds")
      // The turn that is due is made by what is appended, not by what is not.
      assert.strictEqual(yield* appended(head, "m-0"), "Mismatch")
      assert.strictEqual(yield* appended(position, "m-2"), "Appended")
      assert.strictEqual(yield* appended({ ...position, offset: 2 }, "m-1"), "Duplicates")
      yield* TestClock.adjust("130 seconds")
      assert.strictEqual(yield* appended({ ...position, offset: 2 }, "m-1"), "Appended")
    }).pipe(Effect.provide(stores))
  )

  it.effect("is not durable where no replica has it, and says so", () =>
    Effect.gen(function* () {
      const logs = yield* LogStore
      const where = { ...lobby, namespace: makeNamespace("chat", { durableReplicas: 1 }) }
      const { head } = yield* logs.head(where)
      const entry = entryAfter(head, 0, 10, "m-1")
      const appended = yield* logs.append({ ...where, after: head, entries: [entry] })
      assert.deepStrictEqual(appended, { _tag: "Appended", durable: false })
      const again = yield* logs.append({ ...where, after: head, entries: [entry] })
      assert.deepStrictEqual(again, {
        _tag: "Duplicates",
        positions: new Map([[0, entry.publication.position]]),
        durable: false
      })
    }).pipe(Effect.provide(stores))
  )

  it.effect("answers every page as memory does, whatever was appended, trimmed and renewed", () =>
    Effect.gen(function* () {
      let state = 20_260_101
      const below = (bound: number) => {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
        return Math.floor((state / 2_147_483_648) * bound)
      }
      const namespaces = [
        makeNamespace("chat", { historySize: 8, historyAgeSeconds: 30, historyBytes: 4_000 }),
        makeNamespace("chat", { slowConsumer: "conflate", historyAgeSeconds: 30 }),
        makeNamespace("chat", { historyAgeSeconds: 10, historyBytes: 2_000 })
      ]
      const stored = yield* LogStore
      const memory = makeMemory().store
      for (const namespace of namespaces) {
        const where = { ...lobby, namespace }
        const known: Array<[ofRedis: Position, ofMemory: Position]> = []
        let now = 0
        yield* memory.release(lobby.channel)
        yield* stored.renew(where, (yield* stored.head(where)).head.epoch)
        for (let round = 0; round < 150; round++) {
          const heads = [(yield* stored.head(where)).head, (yield* memory.head(where)).head]
          const nameless = (value: unknown) =>
            JSON.parse(
              JSON.stringify(value, (key, inner) =>
                key === "bytes" || key === "data" || key === "epoch" ? undefined : inner
              )
            )
          if (below(3) > 0) {
            const sizes = Array.from({ length: 1 + below(4) }, () => below(1_200))
            const writtenUnder = term - below(2)
            for (const [index, logs] of [stored, memory].entries()) {
              let last = heads[index]!
              const entries = sizes.map((size) => {
                const entry = entryAfter({ ...last, term: writtenUnder }, now, size)
                last = entry.publication.position
                return entry
              })
              const result = yield* logs.append({ ...where, after: heads[index]!, entries })
              assert.deepStrictEqual(result, { _tag: "Appended", durable: true })
              heads[index] = last
            }
          } else if (below(20) === 0) {
            yield* stored.renew(where, heads[0]!.epoch)
            yield* memory.renew(where, heads[1]!.epoch)
          } else {
            const seconds = below(14)
            now += seconds * 1_000
            yield* TestClock.adjust(`${seconds} seconds`)
          }
          known.push([heads[0]!, heads[1]!])
          const top = heads[0]!.offset + 2
          const limits = { limit: 1 + below(6), maxBytes: 1 + below(3_000) }
          const froms: ReadonlyArray<From> = [
            { _tag: "After", offset: below(top) },
            { _tag: "Before", offset: below(top) },
            { _tag: "Last", count: 1 + below(12) },
            { _tag: "SinceTime", millis: Math.max(0, now - below(40_000)) }
          ]
          for (const from of froms) {
            const expected = nameless(yield* memory.read(where, from, limits))
            assert.deepStrictEqual(nameless(yield* stored.read(where, from, limits)), expected)
          }
          const [ofRedis, ofMemory] = known[below(known.length)]!
          const changed = { offset: Math.max(0, ofRedis.offset - below(3)) }
          const expected = yield* memory.resume(where, { ...ofMemory, ...changed }, limits)
          const resumed = yield* stored.resume(where, { ...ofRedis, ...changed }, limits)
          assert.deepStrictEqual(nameless(resumed), nameless(expected))
        }
      }
    }).pipe(Effect.provide(stores))
  )

  it.effect("is unavailable, for a while that differs, when Redis refuses", () =>
    Effect.gen(function* () {
      const logs = yield* LogStore
      const { head } = yield* logs.head(lobby)
      yield* redis().command("CONFIG", ["SET", "maxmemory", "1"])
      const entries = [entryAfter(head)]
      const refused = yield* Effect.flip(logs.append({ ...lobby, after: head, entries })).pipe(
        Effect.ensuring(Effect.orDie(redis().command("CONFIG", ["SET", "maxmemory", "0"])))
      )
      assert.strictEqual(refused._tag, "Failure")
      if (refused._tag !== "Failure") return
      assert.deepStrictEqual(
        [refused.code, refused.message],
        ["unavailable", "the log is not available"]
      )
      assert.isTrue(refused.retryAfterMs >= 500 && refused.retryAfterMs < 2_000)
      assert.deepStrictEqual((yield* logs.head(lobby)).head, head)
    }).pipe(Effect.provide(stores))
  )
})

describe("shard records in Redis", () => {
  const { stores } = connected(startSingle)
  const record = { node: "r1", term: 4_099, view: 7 }

  const test = (title: string, body: Effect.Effect<void, unknown, ShardRecords>) =>
    it.effect(title, () => body.pipe(Effect.provide(stores)))

  test(
    "are taken with the term that was observed, 0 for none",
    Effect.gen(function* () {
      const records = yield* ShardRecords
      assert.deepStrictEqual(yield* records.acquire(5, record, 9), {
        _tag: "Changed",
        record: undefined
      })
      assert.deepStrictEqual(yield* records.acquire(5, record, 0), { _tag: "Acquired" })
      const next = { node: "r2", term: 6_001, view: 7 }
      assert.deepStrictEqual(yield* records.acquire(5, next, 0), { _tag: "Changed", record })
      assert.deepStrictEqual(yield* records.acquire(5, next, 4_099), { _tag: "Acquired" })
      assert.deepStrictEqual(yield* records.read([4, 5, 6]), [undefined, next, undefined])
    })
  )

  test(
    "are refused to whoever acts on an older view",
    Effect.gen(function* () {
      const records = yield* ShardRecords
      yield* records.acquire(5, record, 0)
      const late = { node: "r2", term: 6_001, view: 6 }
      assert.deepStrictEqual(yield* records.acquire(5, late, 4_099), { _tag: "Stale", record })
    })
  )

  test(
    "are refused under a term that is not higher",
    Effect.gen(function* () {
      const records = yield* ShardRecords
      yield* records.acquire(5, record, 0)
      for (const low of [4_098, 4_099]) {
        const wanted = { node: "r2", term: low, view: 8 }
        assert.deepStrictEqual(yield* records.acquire(5, wanted, 4_099), {
          _tag: "Changed",
          record
        })
      }
      assert.deepStrictEqual(yield* records.read([5]), [record])
    })
  )
})
