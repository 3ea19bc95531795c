import { createServer } from "node:net"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { shardCount } from "@weir/core/ChannelName"
import type { Argument, Redis } from "@weir/redis/Redis"
import { make } from "@weir/redis/RedisConnection"
import type { RedisFailure, RedisFailureKind } from "@weir/redis/RedisFailure"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import { script } from "@weir/redis/Script"
import { shardTag } from "@weir/redis/ShardTags"
import { Effect, Exit, Logger, Result, Scope, Stream } from "effect"
import {
  type RedisCluster,
  type RedisSentinel,
  startRedisCluster,
  startReplica,
  startSentinel
} from "./harness/RedisGroup.ts"
import { type RedisServer, startRedis } from "./harness/RedisServer.ts"
import { together } from "./harness/together.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const echo = script("echo", "return {ARGV[1], 7, false, {ARGV[2]}}")
const incrementAll = script(
  "increment-all",
  "local all = {} for n, key in ipairs(KEYS) do all[n] = redis.call('INCRBY', key, ARGV[n]) end return all"
)
const increment = script("increment", "return redis.call('INCRBY', KEYS[1], ARGV[1])")

interface Client {
  readonly redis: Redis["Service"]
  readonly log: ReadonlyArray<string>
  readonly failures: Map<RedisFailureKind, number>
  readonly observed: { up: boolean; reconnects: number }
  readonly changes: () => number
  readonly increment: (key: string, by?: number) => Promise<Result.Result<unknown, RedisFailure>>
  readonly close: () => Promise<void>
}

const clients = new Set<Client>()

const connect = async (url: string): Promise<Client> => {
  const log: Array<string> = []
  const failures = new Map<RedisFailureKind, number>()
  const observed = { up: false, reconnects: 0 }
  let changes = 0
  const scope = Scope.makeUnsafe()
  const note = Logger.make(({ logLevel, message }) => log.push(`${logLevel} ${message}`))
  const redis = await Effect.gen(function* () {
    const redis = yield* make(Result.getOrThrow(parseRedisUrl(url)), {
      name: "weir-test",
      observer: {
        up: (isUp) => {
          observed.up = isUp
        },
        failed: (kind) => failures.set(kind, (failures.get(kind) ?? 0) + 1),
        reconnected: () => observed.reconnects++
      }
    })
    yield* Stream.runForEach(redis.changed, () => Effect.sync(() => changes++)).pipe(
      Effect.forkScoped({ startImmediately: true })
    )
    return redis
  }).pipe(Effect.provide(Logger.layer([note])), Scope.provide(scope), Effect.runPromise)
  const client: Client = {
    redis,
    log,
    failures,
    observed,
    changes: () => changes,
    increment: (key, by = 1) => Effect.runPromise(Effect.result(redis.run(increment, [key], [by]))),
    close: async () => {
      clients.delete(client)
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
  clients.add(client)
  return client
}

const run = Effect.runPromise
const kindOf = (result: Result.Result<unknown, RedisFailure>) =>
  Result.isSuccess(result) ? "answered" : result.failure.kind

const failureOf = async (effect: Effect.Effect<unknown, RedisFailure>) => run(Effect.flip(effect))

const times = <A>(count: number, make: (index: number) => A): Array<A> =>
  Array.from({ length: count }, (_, index) => make(index))

const count = async (server: RedisServer, key: string) => Number(await server.cli("GET", key))

/** Asks without an end, and notes how each ends, until it is told to stop. */
const keepAsking = (client: Client, key: string, atOnce: number) => {
  const ended = { answered: 0, unreachable: 0, unanswered: 0, refused: 0 }
  let isOver = false
  const ask = async () => {
    while (!isOver) {
      ended[kindOf(await client.increment(key))]++
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const all = Promise.all(times(atOnce, ask))
  const stop = async () => {
    isOver = true
    await all
    return ended
  }
  return { ended, stop }
}

/** Sentinels that could not agree at once vote again 6 s later, and once more after that. */
const votingLimitMs = 45_000

const answersAgain = (client: Client, key: string) =>
  waitUntil(
    `${key} is answered again`,
    async () => Result.isSuccess(await client.increment(key)),
    votingLimitMs
  )

afterAll(() => Promise.all([...clients].map((client) => client.close())))

describe("Redis on one server", () => {
  let server: RedisServer
  let client: Client
  beforeAll(async () => {
    server = await startRedis()
    client = await connect(server.url)
  })
  afterAll(() => server.stop())

  it("answers a script, with bytes for strings", async () => {
    const bytes = Uint8Array.of(0, 255, 13, 10, 128)
    const reply = await run(client.redis.run(echo, ["k"], ["ü", bytes]))
    assert.deepStrictEqual(reply, [Buffer.from("ü"), 7, null, [Buffer.from(bytes)]])
  })

  it("answers a command in the shape that Redis gave it", async () => {
    await run(client.redis.command("hset", ["h", "a", 1, "b", new Uint8Array([7])]))
    assert.deepStrictEqual(await run(client.redis.command("hgetall", ["h"])), [
      Buffer.from("a"),
      Buffer.from("1"),
      Buffer.from("b"),
      Buffer.from([7])
    ])
    assert.isNull(await run(client.redis.command("get", ["none"])))
  })

  it("runs a script that the server has forgotten", async () => {
    await run(client.redis.run(increment, ["flushed"], [1]))
    await server.cli("SCRIPT", "FLUSH")
    await run(client.redis.run(increment, ["flushed"], [1]))
    await server.cli("SCRIPT", "FLUSH")
    await run(client.redis.runDurably(increment, ["flushed"], [1], 0))
    assert.strictEqual(await count(server, "flushed"), 3)
  })

  it("answers 10,000 at once, each with its own, in their order", async () => {
    const append = script("append", "return redis.call('RPUSH', KEYS[1], ARGV[1])")
    const replies = await Promise.all(
      times(10_000, (n) => run(client.redis.run(append, ["list"], [n])))
    )
    assert.deepStrictEqual(
      replies,
      times(10_000, (n) => n + 1)
    )
    const list = (await server.cli("LRANGE", "list", "0", "-1")).split("\n").map(Number)
    assert.deepStrictEqual(
      list,
      times(10_000, (n) => n)
    )
  })

  describe("asked to run together", () => {
    // Notes for each call how many parts it had.
    const note = script(
      "note",
      "redis.call('RPUSH', 'calls', #KEYS) local all = {} for n, key in ipairs(KEYS) do all[n] = ARGV[n] == 'bad' and redis.error_reply('ERR bad') or {key, ARGV[n]} end return all"
    )
    const ask = (key: string, argument: Argument) =>
      run(Effect.result(together(client.redis, note, [key], [argument])))
    const calls = async () => {
      const parts = await server.cli("LRANGE", "calls", "0", "-1")
      await server.cli("DEL", "calls")
      return parts.split("\n").map(Number)
    }

    it("makes one call of those of one turn, and gives each its own answer", async () => {
      const results = await Promise.all(times(40, (n) => ask(`k${n}`, n)))
      assert.deepStrictEqual(
        results.map((result) => String(Result.getOrThrow(result))),
        times(40, (n) => `k${n},${n}`)
      )
      assert.deepStrictEqual(await calls(), [40])
    })

    it("bounds a call to 64 of them, or 256 KiB", async () => {
      await Promise.all(times(150, (n) => ask(`k${n}`, n)))
      assert.deepStrictEqual(await calls(), [64, 64, 22])
      const large = new Uint8Array(100_000)
      await Promise.all(times(5, (n) => ask(`k${n}`, large)))
      assert.deepStrictEqual(await calls(), [2, 2, 1])
      await ask("k", new Uint8Array(400_000))
      assert.deepStrictEqual(await calls(), [1])
    })

    it("fails only the one that the script answers with an error", async () => {
      const results = await Promise.all([ask("a", 1), ask("b", "bad"), ask("c", 3)])
      assert.deepStrictEqual(results.map(kindOf), ["answered", "refused", "answered"])
      assert.deepStrictEqual(await calls(), [3])
    })

    it("fails all of a call that Redis refuses", async () => {
      const broken = script("broken-together", "return redis.call('NOSUCH')")
      const results = await Promise.all(
        times(3, (n) => run(Effect.result(together(client.redis, broken, [`k${n}`], []))))
      )
      assert.deepStrictEqual(
        results.map(kindOf),
        times(3, () => "refused")
      )
    })
  })

  it("says that what Redis refuses has not happened", async () => {
    const broken = script("broken", "return redis.call('NOSUCH')")
    assert.strictEqual((await failureOf(client.redis.run(broken, ["k"], []))).kind, "refused")
    await server.cli("CONFIG", "SET", "maxmemory", "1")
    const failure = await failureOf(client.redis.run(increment, ["oom"], [1]))
    await server.cli("CONFIG", "SET", "maxmemory", "0")
    assert.strictEqual(failure.kind, "refused")
    assert.match(failure.message, /^OOM/)
    assert.strictEqual(await count(server, "oom"), 0)
  })

  it("counts the replicas that have a write: none, and then one", async () => {
    const alone = await run(client.redis.runDurably(increment, ["durable"], [1], 1))
    assert.deepStrictEqual(alone, { reply: 1, replicas: 0 })
    const replica = await startReplica(server)
    const together = await Promise.all(
      times(100, () => run(client.redis.runDurably(increment, ["durable"], [1], 1)))
    )
    assert.deepStrictEqual(
      together.map(({ reply }) => reply),
      times(100, (n) => n + 2)
    )
    // A replica that is slow is not counted, which is the point.
    const { reply } = await waitUntil("a write is on the replica in time", async () => {
      const answer = await run(client.redis.runDurably(increment, ["durable"], [1], 1))
      return answer.replicas === 1 && answer
    })
    assert.strictEqual(await count(replica, "durable"), reply)
    await replica.stop()
  })

  it("notices another replication id without a lost connection", async () => {
    const other = await startRedis()
    const before = client.changes()
    await server.cli("REPLICAOF", "127.0.0.1", String(other.port))
    await waitUntil("the change is told", () => client.changes() > before)
    await server.cli("REPLICAOF", "NO", "ONE")
    await other.stop()
    await answersAgain(client, "primary-again")
  })
})

describe("Redis that is lost", () => {
  it("is never said to have refused; what is left out is counted, and it works again", async () => {
    const server = await startRedis({ persistence: "always" })
    const client = await connect(server.url)
    const asking = keepAsking(client, "k", 200)
    await waitUntil("many are answered", () => asking.ended.answered > 2_000)
    // First it only stops, so that what is sent then is surely on its way when it dies.
    await server.kill("SIGSTOP")
    const last = client.increment("k")
    for (const _ of times(3, () => {})) await new Promise((resolve) => setImmediate(resolve))
    await server.kill("SIGKILL")
    assert.strictEqual(kindOf(await last), "unanswered")
    await waitUntil("what is not sent fails so", () => asking.ended.unreachable > 0)
    assert.isFalse(client.redis.isUp())
    await server.restart()
    await waitUntil("Redis is back", () => client.redis.isUp())
    await answersAgain(client, "k2")
    const ended = await asking.stop()

    assert.strictEqual(ended.refused, 0)
    assert.isAbove(ended.unanswered, 0)
    const written = await count(server, "k")
    assert.isAtLeast(written, ended.answered)
    assert.isAtMost(written, ended.answered + ended.unanswered + 1)
    assert.isAtLeast(client.changes(), 1)
    assert.strictEqual(client.observed.reconnects, 1)
    assert.isTrue(client.observed.up)
    assert.strictEqual(client.failures.get("unanswered"), ended.unanswered + 1)
    assert.lengthOf(client.log, 2, client.log.join("\n"))
    assert.match(client.log[0]!, /^Warn Redis 127\.0\.0\.1:\d+ is away/)
    assert.match(client.log[1]!, /^Info Redis 127\.0\.0\.1:\d+ is back/)
    await client.close()
    await server.stop()
  })

  it("is told from a durable write that was not sent", async () => {
    const server = await startRedis()
    const client = await connect(server.url)
    await run(client.redis.runDurably(increment, ["k"], [1], 0))
    await server.kill("SIGKILL")
    await waitUntil("it is noticed", () => !client.redis.isUp())
    const failure = await waitUntil("it is noticed there, too", async () => {
      const found = await failureOf(client.redis.runDurably(increment, ["k"], [1], 1))
      return found.kind === "unreachable" && found
    })
    assert.match(failure.message, /Redis/)
    await server.restart()
    await waitUntil("a durable write succeeds", async () =>
      Result.isSuccess(await run(Effect.result(client.redis.runDurably(increment, ["k"], [1], 0))))
    )
    await client.close()
    await server.stop()
  })

  it("leaves nobody waiting when it hangs, and does not run late what it was not sent", async () => {
    const server = await startRedis()
    const client = await connect(server.url)
    await client.increment("warm")
    await run(client.redis.runDurably(increment, ["warm"], [1], 0))
    await server.kill("SIGSTOP")
    const [sent, durable] = await Promise.all([
      Promise.all(times(100, () => client.increment("k"))),
      run(Effect.result(client.redis.runDurably(increment, ["d"], [1], 1)))
    ])
    assert.deepStrictEqual(new Set(sent.map(kindOf)), new Set(["unanswered"]))
    assert.strictEqual(kindOf(durable), "unanswered")
    await waitUntil("what comes later is not sent", async () => {
      return kindOf(await client.increment("late")) === "unreachable"
    })
    const late = await Promise.all(times(100, () => client.increment("never")))
    assert.deepStrictEqual(new Set(late.map(kindOf)), new Set(["unreachable"]))
    await server.kill("SIGCONT")
    await answersAgain(client, "again")
    assert.isAtMost(await count(server, "k"), 100)
    assert.strictEqual(await count(server, "never"), 0)
    assert.isAtLeast(client.changes(), 1)
    await client.close()
    await server.stop()
  })

  it("need not be there at the start", async () => {
    const server = await startRedis()
    await server.kill("SIGKILL")
    const client = await connect(server.url)
    assert.isFalse(client.redis.isUp())
    assert.strictEqual(kindOf(await client.increment("k")), "unreachable")
    await server.restart()
    await answersAgain(client, "k")
    assert.lengthOf(client.log, 2, client.log.join("\n"))
    await client.close()
    await server.stop()
  })

  it("says why it lets nobody in, without the password", async () => {
    const server = await startRedis({ extra: ["--requirepass", "right"] })
    const wrong = await connect(server.url.replace("//", "//:hunter2@"))
    assert.strictEqual(kindOf(await wrong.increment("k")), "unreachable")
    assert.match(wrong.log.join("\n"), /is away: WRONGPASS/)
    assert.notInclude(wrong.log.join("\n"), "hunter2")
    const right = await connect(server.url.replace("//", "//:right@"))
    assert.strictEqual(kindOf(await right.increment("k")), "answered")
    await wrong.close()
    await right.close()
    await server.stop()
  })
})

describe("Redis that is no primary any more", () => {
  it("refuses, and is taken again once it is one", async () => {
    const primary = await startRedis()
    const server = await startRedis()
    const client = await connect(server.url)
    await client.increment("k")
    await server.cli("REPLICAOF", "127.0.0.1", String(primary.port))
    const failure = await failureOf(client.redis.run(increment, ["k"], [1]))
    assert.strictEqual(failure.kind, "refused")
    assert.match(failure.message, /^READONLY/)
    await server.cli("REPLICAOF", "NO", "ONE")
    await answersAgain(client, "k")
    await client.close()
    await server.stop()
    await primary.stop()
  })
})

describe("Redis behind Sentinels", () => {
  let group: RedisSentinel
  let client: Client
  beforeEach(async () => {
    group = await startSentinel()
    client = await connect(group.url)
  })
  afterEach(async () => {
    await client.close()
    await group.stop()
  })

  it("is followed to the new primary, with the reason to look again", async () => {
    await run(client.redis.runDurably(increment, ["k"], [1], 1))
    const before = client.changes()
    await group.failover()
    await answersAgain(client, "k")
    await waitUntil("the change is told", () => client.changes() > before)
    assert.strictEqual(await count(group.replica, "k"), 2)
  })

  it.each(["SIGKILL", "SIGSTOP"] as const)(
    "is followed when the primary gets %s",
    async (signal) => {
      await run(client.redis.runDurably(increment, ["k"], [1], 1))
      await group.primary.kill(signal)
      await answersAgain(client, "k")
      assert.strictEqual(await count(group.replica, "k"), 2)
      assert.isAtLeast(client.changes(), 1)
    }
  )

  it("does without its Sentinels, and says nothing of them", async () => {
    await Promise.all(group.sentinels.map((sentinel) => sentinel.kill("SIGKILL")))
    let attempts = 0
    const refusing = createServer((socket) => {
      attempts++
      socket.resetAndDestroy()
    }).listen(group.sentinels[0]!.port, "127.0.0.1")
    const printed: Array<unknown> = []
    const { error } = console
    console.error = (...args) => printed.push(args)
    await waitUntil("it has tried again", () => attempts >= 5)
    console.error = error
    refusing.close()
    assert.isEmpty(printed)
    assert.isEmpty(client.log)
    assert.strictEqual(kindOf(await client.increment("k")), "answered")
    assert.strictEqual(client.changes(), 0)
  })
})

describe("Redis Cluster", () => {
  let group: RedisCluster
  let client: Client
  beforeAll(async () => {
    group = await startRedisCluster(3)
    client = await connect(group.url)
  })
  afterAll(() => group.stop())

  const keysOf = times(shardCount, (shard) => `weir:{${shardTag(shard)}}:own`)

  it("runs each script where its keys are", async () => {
    const replies = await Promise.all(
      keysOf.map((key) => run(client.redis.run(increment, [key], [1])))
    )
    assert.deepStrictEqual(new Set(replies), new Set([1]))
    const sizes = await Promise.all(group.nodes.map((node) => node.cli("DBSIZE")))
    assert.deepStrictEqual(sizes.map(Number).sort(), [341, 341, 342])
    assert.deepStrictEqual(await run(client.redis.command("get", [keysOf[7]!])), Buffer.from("1"))
  })

  it("runs together only what has its keys in one slot", async () => {
    const keys = [...keysOf, ...keysOf.map((key) => `${key}:together`)].map((key) => `${key}:n`)
    const replies = await Promise.all(
      keys.map((key, n) => run(together(client.redis, incrementAll, [key], [n])))
    )
    assert.deepStrictEqual(
      replies,
      keys.map((_, n) => n)
    )
  })

  it("waits for the replicas on each server that writes", async () => {
    const answers = await Promise.all(
      keysOf.map((key) => run(client.redis.runDurably(increment, [key], [1], 0)))
    )
    assert.deepStrictEqual(
      answers,
      answers.map(() => ({ reply: 2, replicas: 0 }))
    )
  })

  it("follows a slot that moves, while it moves and after", async () => {
    const [first, second] = group.nodes as [RedisServer, RedisServer]
    const [a, b] = await Promise.all(group.nodes.map((node) => node.cli("CLUSTER", "MYID")))
    const slot = await first.cli("CLUSTER", "KEYSLOT", keysOf[0]!)
    await second.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", a!)
    await first.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", b!)
    const moving = `${keysOf[0]}:new`
    assert.strictEqual(await run(client.redis.run(increment, [moving], [1])), 1)
    assert.deepStrictEqual(await run(client.redis.runDurably(increment, [moving], [1], 0)), {
      reply: 2,
      replicas: 0
    })
    await first.cli("MIGRATE", "127.0.0.1", String(second.port), keysOf[0]!, "0", "5000")
    for (const node of [second, first, group.nodes[2]!])
      await node.cli("CLUSTER", "SETSLOT", slot, "NODE", b!)
    const replies = await Promise.all(times(50, () => client.increment(keysOf[0]!)))
    assert.deepStrictEqual(new Set(replies.map(kindOf)), new Set(["answered"]))
    assert.strictEqual(await run(client.redis.run(increment, [keysOf[0]!], [0])), 52)
  })

  it("loses with a server only what is there", async () => {
    const [, , third] = group.nodes
    const before = client.changes()
    const [here, there] = [keysOf[100]!, keysOf[1_000]!]
    await third!.kill("SIGKILL")
    await waitUntil("what is there is known not to be sent", async () => {
      return kindOf(await client.increment(there)) === "unreachable"
    })
    assert.isTrue(client.redis.isUp())
    // Until the others agree that it is gone, which stops all of a Cluster without replicas.
    const kind = kindOf(await client.increment(here))
    assert.include(["answered", "refused"], kind)
    await third!.restart()
    await answersAgain(client, here)
    await answersAgain(client, there)
    await waitUntil("the change is told", () => client.changes() > before)
  })

  it("comes back after all of it was lost", async () => {
    await Promise.all(group.nodes.map((node) => node.kill("SIGKILL")))
    await waitUntil("it is noticed", () => !client.redis.isUp())
    await Promise.all(group.nodes.map((node) => node.restart()))
    for (const key of [keysOf[1]!, keysOf[500]!, keysOf[1_023]!]) await answersAgain(client, key)
    assert.isTrue(client.redis.isUp())
  })
})
