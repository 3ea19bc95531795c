/**
 * Every answer of the scripts that keep a log in Redis, and what they leave there.
 */
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { type Argument, Redis, type Reply } from "@weir/redis/Redis"
import { layer as connectionLayer } from "@weir/redis/RedisConnection"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import type { Script } from "@weir/redis/Script"
import { appendScript, pageScript, renewScript } from "@weir/router/adapters/LogScripts"
import { channelKeys } from "@weir/router/adapters/ShardKeys"
import { Effect, ManagedRuntime, Result } from "effect"
import { type RedisServer, startRedis } from "./harness/RedisServer.ts"
import { together } from "./harness/together.ts"

const keys = channelKeys("chat:lobby")
const [own, meta, stream, d0, d1] = keys as [string, string, string, string, string]
/** Above 2^52: no number may lose a digit. */
const term = 9_007_199_254_740_000

let server: RedisServer
let runtime: ManagedRuntime.ManagedRuntime<Redis, never>

beforeAll(async () => {
  server = await startRedis()
  const target = Result.getOrThrow(parseRedisUrl(server.url))
  runtime = ManagedRuntime.make(connectionLayer(target, { name: "test" }))
})
afterAll(async () => {
  await runtime.dispose()
  await server.stop()
})

/** Ends of publications, as they are in a block. */
const endsOf = (sizes: ReadonlyArray<number>): Buffer => {
  const ends = Buffer.alloc(4 * sizes.length)
  let end = 0
  sizes.forEach((size, index) => {
    end += size
    ends.writeUInt32BE(end, 4 * index)
  })
  return ends
}
const numbersOf = (ends: Buffer): ReadonlyArray<number> =>
  Array.from({ length: ends.byteLength / 4 }, (_, index) => ends.readUInt32BE(4 * index))

const plain = (reply: Reply): unknown =>
  Array.isArray(reply) ? reply.map(plain) : Buffer.isBuffer(reply) ? String(reply) : reply

const run = async (script: Script, ...args: ReadonlyArray<Argument>) =>
  plain(await runtime.runPromise(Effect.flatMap(Redis, (redis) => redis.run(script, keys, args))))

const command = async (name: string, ...args: ReadonlyArray<Argument>) =>
  plain(await runtime.runPromise(Effect.flatMap(Redis, (redis) => redis.command(name, args))))

const hash = async (key: string): Promise<Record<string, string>> => {
  const fields = (await command("HGETALL", key)) as ReadonlyArray<string>
  const pairs = fields.flatMap((field, at) => (at % 2 === 0 ? [[field, fields[at + 1]]] : []))
  return Object.fromEntries(pairs)
}

/** Id and fields of each block, the ends as numbers. */
const stored = async () => {
  const reply = await runtime.runPromise(
    Effect.flatMap(Redis, (redis) => redis.command("XRANGE", [stream, "-", "+"]))
  )
  return (reply as ReadonlyArray<readonly [Buffer, ReadonlyArray<Buffer>]>).map(([id, fields]) => {
    const [t, term, a, at, c, before, s, ends, p, bytes] = fields
    return [id, t, term, a, at, c, before, s, numbersOf(ends!), p, bytes].join(" ")
  })
}

interface Options {
  readonly term: number
  readonly epoch: string
  readonly headTerm: number
  readonly size: number
  readonly bytes: number
  readonly oldest: number
  readonly metaExpiry: number
  readonly expiries: 0 | 1
  readonly turns: number
}

interface Entry {
  readonly id?: string
  readonly term?: number
  readonly at?: number
  readonly data?: string
}

/** ARGV of one append, of which each row of publications is a block. */
const appendArguments = (
  offset: number,
  rows: ReadonlyArray<ReadonlyArray<Entry>>,
  options: Partial<Options> = {}
): ReadonlyArray<Argument> => {
  const given: Options = {
    term,
    epoch: "e1",
    headTerm: term,
    size: 100,
    bytes: 10_000,
    oldest: 0,
    metaExpiry: 200_000,
    expiries: 1,
    turns: 0,
    ...options
  }
  const named = rows
    .flat()
    .flatMap(({ id, term: under = term }, index) =>
      id === undefined ? [] : [id, `${given.epoch}:${under}:${offset + 1 + index}`]
    )
  let last = offset
  const blocks = rows.flatMap((row) => {
    const [{ at = 7, term: under = term }] = row as [Entry]
    const data = row.map(({ data = "data" }) => data)
    last += row.length
    return [last, under, at, endsOf(data.map(({ length }) => length)), data.join("")]
  })
  const terms = [
    ...[rows.length, named.length / 2, given.term, given.epoch, offset, given.headTerm],
    ...[given.size, given.bytes, given.oldest, 100_000, given.metaExpiry, 300_000],
    ...[given.expiries, given.turns]
  ]
  return [terms.join(" "), ...blocks, ...named]
}

/** Each row is a block. */
const appendRows = async (
  offset: number,
  rows: ReadonlyArray<ReadonlyArray<Entry>>,
  options: Partial<Options> = {}
): Promise<unknown> => {
  const answers = await run(appendScript, ...appendArguments(offset, rows, options))
  return (answers as ReadonlyArray<unknown>)[0]
}

/** Each publication is a block. */
const append = (offset: number, entries: ReadonlyArray<Entry>, options: Partial<Options> = {}) =>
  appendRows(
    offset,
    entries.map((entry) => [entry]),
    options
  )

/** `wanted`: kind and value. Of the answer, the publications one by one. */
const page = async (
  wanted: readonly [string, number],
  { bytes = 10_000, epoch = "", limit = 10, oldest = 0 } = {}
): Promise<ReadonlyArray<unknown>> => {
  const args = [term, "e2", 200_000, 100, 10_000, oldest, ...wanted, limit, bytes, epoch]
  const redis = await runtime.runPromise(Redis)
  const answer = await runtime.runPromise(redis.run(pageScript, keys, args))
  const fields = answer as ReadonlyArray<Buffer>
  const publications: Array<string> = []
  for (let at = 7; at < fields.length; at += 2) {
    const ends = numbersOf(fields[at]!)
    const begin = ends.at(-1)! - fields[at + 1]!.byteLength
    const block = ends.map((end, index) =>
      String(fields[at + 1]!.subarray((ends[index - 1] ?? begin) - begin, end - begin))
    )
    publications.push(...(wanted[0] === "before" ? block.reverse() : block))
  }
  return [...(plain(fields.slice(0, 7)) as ReadonlyArray<unknown>), ...publications]
}

const many = (count: number, entry: Entry = {}) => Array.from({ length: count }, () => entry)
const gone = ["MISMATCH", "", "", "", ""]

beforeEach(async () => {
  await command("FLUSHALL")
  await command("HSET", own, "n", "r1", "t", term, "v", 1)
  await run(renewScript, term, "e1", 200_000, "")
})

describe("the append script", () => {
  it("answers FENCED with the record's term, and 0 where there is no record", async () => {
    await command("HSET", own, "t", term + 1)
    assert.deepStrictEqual(await append(0, many(1)), ["FENCED", String(term + 1)])
    await command("DEL", own)
    assert.deepStrictEqual(await append(0, many(1)), ["FENCED", "0"])
    assert.deepStrictEqual(await stored(), [])
  })

  it("writes each block under its own term and time, and the head", async () => {
    const rows = [
      [{ term: term - 2, at: 5, data: "a", id: "3:annm-1" }],
      [
        { term: term - 1, at: 6, data: "bc" },
        { term: term - 1, data: "def", id: "3:annm-2" }
      ]
    ]
    assert.deepStrictEqual(await appendRows(0, rows), ["OK"])
    assert.deepStrictEqual(await stored(), [
      `1-0 t ${term - 2} a 5 c 0 s 1 p a`,
      `3-0 t ${term - 1} a 6 c 1 s 2,5 p bcdef`
    ])
    const place = { e: "e1", o: "3", t: String(term - 1), p: "6", y: "0" }
    const kept = { f: "1", n: "2", b: "6", c: "0", q: "5" }
    assert.deepStrictEqual(await hash(meta), { ...place, ...kept })
    assert.deepStrictEqual(await hash(d0), {
      "3:annm-1": `e1:${term - 2}:1`,
      "3:annm-2": `e1:${term - 1}:3`
    })
    for (const [key, limit] of [
      [stream, 100_000],
      [meta, 200_000],
      [d0, 300_000]
    ] as const) {
      const left = Number(await command("PTTL", key))
      assert.isTrue(left > limit - 60_000 && left <= limit)
    }
  })

  it("sets the expiries when it is told to, and those of a key that begins", async () => {
    const left = async () => [
      Number(await command("PTTL", stream)),
      Number(await command("PTTL", meta)),
      Number(await command("PTTL", d0))
    ]
    const shorten = async () => {
      for (const key of [stream, meta, d0]) await command("PEXPIRE", key, 50_000)
    }
    await append(0, [{ id: "a" }], { expiries: 0 })
    assert.isAbove(Math.min(...(await left())), 50_000)
    await shorten()
    await append(1, [{ id: "b" }], { expiries: 0 })
    assert.isAtMost(Math.max(...(await left())), 50_000)
    await append(2, [{ id: "c" }], { expiries: 1 })
    assert.isAbove(Math.min(...(await left())), 50_000)
    await shorten()
    await append(3, [{ id: "d" }], { expiries: 0, turns: 1 })
    assert.isAbove(Number(await command("PTTL", d1)), 50_000)
  })

  it("loses no digit of an offset", async () => {
    const offset = 9_007_199_254_740_989
    await command("HSET", meta, "o", String(offset), "f", String(offset + 1))
    assert.deepStrictEqual(await append(offset, many(2), { size: 1 }), ["OK"])
    assert.deepStrictEqual(
      (await stored()).map((row) => row.split(" ")[0]),
      ["9007199254740990-0", "9007199254740991-0"]
    )
    assert.strictEqual((await hash(meta))["o"], "9007199254740991")
  })

  it("answers MISMATCH with the head unless epoch, offset and term are its own", async () => {
    await append(0, many(2))
    const head = ["MISMATCH", "e1", "2", String(term), "7"]
    assert.deepStrictEqual(await append(1, many(1)), head)
    assert.deepStrictEqual(await append(3, many(1)), head)
    assert.deepStrictEqual(await append(2, many(1), { epoch: "e0" }), head)
    assert.deepStrictEqual(await append(2, many(1), { headTerm: term - 1 }), head)
    assert.strictEqual((await stored()).length, 2)
  })

  it("answers MISMATCH without a head where there is no log", async () => {
    await command("DEL", meta)
    assert.deepStrictEqual(await append(0, many(1)), gone)
    assert.strictEqual(await command("EXISTS", meta, stream), 0)
  })

  it("answers DUP with which ids are known and their positions, before it looks at the head", async () => {
    await append(0, [{ id: "a" }, { id: "b" }])
    const entries = [{ id: "b" }, {}, { id: "new" }, { id: "a" }]
    const known = ["DUP", 0, `e1:${term}:2`, 2, `e1:${term}:1`]
    assert.deepStrictEqual(await append(0, entries), known)
    assert.deepStrictEqual(await append(2, entries), known)
    assert.strictEqual((await stored()).length, 2)
    assert.deepStrictEqual(Object.keys(await hash(d0)), ["a", "b"])
  })

  it("writes when it answers DUP, so that replicas can be waited for", async () => {
    await append(0, [{ id: "a" }])
    await append(1, [{ id: "a" }], { metaExpiry: 900_000 })
    assert.isAbove(Number(await command("PTTL", meta)), 800_000)
  })

  it("takes no id for known that is of another epoch, or beyond the head", async () => {
    await append(0, many(1))
    await command("HSET", d0, "other", `e0:${term}:1`, "beyond", `e1:${term}:2`)
    await command("HSET", d1, "other", `e1:${term}:9`)
    assert.deepStrictEqual(await append(1, [{ id: "other" }, { id: "beyond" }]), ["OK"])
    assert.deepStrictEqual(await hash(d0), { other: `e1:${term}:2`, beyond: `e1:${term}:3` })
  })

  it("finds an id in the old hash as in the young one, until two turns later", async () => {
    await append(0, [{ id: "a" }])
    assert.deepStrictEqual(await append(1, [{ id: "b" }], { turns: 1 }), ["OK"])
    assert.strictEqual((await hash(meta))["y"], "1")
    assert.deepStrictEqual(
      [Object.keys(await hash(d0)), Object.keys(await hash(d1))],
      [["a"], ["b"]]
    )
    assert.deepStrictEqual(await append(2, [{ id: "a" }]), ["DUP", 0, `e1:${term}:1`])
    assert.deepStrictEqual(await append(2, [{ id: "a" }], { turns: 1 }), ["OK"])
    assert.deepStrictEqual(
      [Object.keys(await hash(d0)), Object.keys(await hash(d1))],
      [["a"], ["b"]]
    )
    assert.strictEqual((await hash(d0))["a"], `e1:${term}:3`)
  })

  it("turns nothing unless it appends", async () => {
    await append(0, [{ id: "a" }])
    assert.deepStrictEqual(await append(1, [{ id: "a" }], { turns: 1 }), ["DUP", 0, `e1:${term}:1`])
    assert.deepStrictEqual(
      ((await append(5, [{ id: "b" }], { turns: 2 })) as [string])[0],
      "MISMATCH"
    )
    assert.deepStrictEqual(await append(1, [{ id: "a" }]), ["DUP", 0, `e1:${term}:1`])
  })

  it("forgets all ids when two turns are due, also without an id to remember", async () => {
    await append(0, [{ id: "a" }])
    await append(1, [{ id: "b" }], { turns: 1 })
    assert.deepStrictEqual(await append(2, many(1), { turns: 2 }), ["OK"])
    assert.strictEqual(await command("EXISTS", d0, d1), 0)
    assert.deepStrictEqual(await append(3, [{ id: "a" }, { id: "b" }]), ["OK"])
  })

  it("turns early when the young hash holds 20,000", async () => {
    const fill = Array.from({ length: 20_000 }, (_, n) => [`f${n}`, `e1:${term}:0`]).flat()
    await command("HSET", d0, ...fill.slice(0, -2))
    await append(0, [{ id: "last" }])
    assert.strictEqual((await hash(meta))["y"], "0")
    await append(1, [{ id: "first" }])
    assert.strictEqual((await hash(meta))["y"], "1")
    assert.deepStrictEqual([await command("HLEN", d0), await command("HLEN", d1)], [20_000, 1])
  })

  it("remembers the ids of a batch of any size", async () => {
    const entries = Array.from({ length: 1_200 }, (_, n) => ({ id: `m${n}` }))
    assert.deepStrictEqual(await append(0, entries, { size: 2_000 }), ["OK"])
    assert.strictEqual(await command("HLEN", d0), 1_200)
    const again = (await append(1_200, entries)) as ReadonlyArray<unknown>
    assert.deepStrictEqual([again.length, again.at(-1)], [2_401, `e1:${term}:1200`])
  })

  it("keeps as many as asked and the anchor, exactly", async () => {
    for (let n = 0; n < 5; n++) await append(n, [{ at: n, data: `d${n}` }], { size: 2 })
    assert.deepStrictEqual(await stored(), [
      `3-0 t ${term} a 2 c 4 s 2 p d2`,
      `4-0 t ${term} a 3 c 6 s 2 p d3`,
      `5-0 t ${term} a 4 c 8 s 2 p d4`
    ])
    const { b, f, n } = await hash(meta)
    assert.deepStrictEqual([f, b, n], ["4", "10", "3"])
    await append(5, many(200, { data: "x" }), { size: 2 })
    const after = await hash(meta)
    assert.deepStrictEqual([after["f"], after["n"], await command("XLEN", stream)], ["204", "3", 3])
  })

  it("keeps a block that the floor goes through, and reads from the floor", async () => {
    const row = ["a", "bb", "ccc", "dd"].map((data) => ({ data }))
    await appendRows(0, [row, row], { size: 6 })
    const [, , , , , ...floor] = await page(["after", 0])
    assert.deepStrictEqual(floor, ["3", String(term), "ccc", "dd", "a", "bb", "ccc", "dd"])
    assert.strictEqual(await command("XLEN", stream), 2)
    await append(8, [{ data: "e" }], { size: 4 })
    assert.strictEqual(await command("XLEN", stream), 2)
    await append(9, [{ data: "f" }], { size: 4 })
    const [, , , , , ...rest] = await page(["after", 0])
    assert.deepStrictEqual(rest, ["7", String(term), "ccc", "dd", "e", "f"])
  })

  it("keeps as many bytes as asked, but always the newest", async () => {
    const data = "x".repeat(40)
    for (let n = 0; n < 3; n++) await append(n, [{ data }], { bytes: 100 })
    const { b, c, f } = await hash(meta)
    assert.deepStrictEqual([f, b, c, await command("XLEN", stream)], ["2", "120", "40", 3])
    await append(3, [{ data: "x".repeat(500) }], { bytes: 100 })
    const after = await hash(meta)
    assert.deepStrictEqual([after["f"], after["c"], await command("XLEN", stream)], ["4", "120", 2])
  })

  it("counts the bytes of a part of a block exactly", async () => {
    const row = [{ data: "x".repeat(30) }, { data: "y".repeat(30) }, { data: "z".repeat(30) }]
    await appendRows(0, [row], { bytes: 60 })
    assert.strictEqual((await hash(meta))["f"], "2")
    await append(3, [{ data: "w".repeat(30) }], { bytes: 60 })
    assert.strictEqual((await hash(meta))["f"], "3")
    await append(4, [{ data: "v" }], { bytes: 61 })
    assert.strictEqual((await hash(meta))["f"], "3")
  })

  it("keeps what is young enough, and of the rest the anchor", async () => {
    await append(0, [{ at: 10 }, { at: 20 }, { at: 30 }], { oldest: 20 })
    const { c, f, q } = await hash(meta)
    assert.deepStrictEqual([f, c, q, await command("XLEN", stream)], ["2", "4", "20", 3])
    await append(3, [{ at: 40 }], { oldest: 41 })
    const after = await hash(meta)
    assert.deepStrictEqual([after["f"], after["c"], await command("XLEN", stream)], ["5", "16", 1])
    await append(4, [{ at: 50 }], { oldest: 41 })
    const again = await hash(meta)
    assert.deepStrictEqual([again["f"], again["c"], again["q"]], ["5", "16", "50"])
    assert.strictEqual(await command("XLEN", stream), 2)
  })

  it("ends a log whose stream goes beyond its head, and writes nothing", async () => {
    await append(0, many(3))
    await command("HSET", meta, "o", "1", "b", "4")
    assert.deepStrictEqual(await append(1, [{ id: "a" }]), gone)
    assert.strictEqual(await command("EXISTS", meta, d0), 0)
    assert.strictEqual((await stored()).length, 3)
    assert.deepStrictEqual(await page(["after", 0]), ["OK", "e2", "0", String(term), "0", "1", ""])
    assert.deepStrictEqual(await stored(), [])
  })

  it("ends a log whose stream refuses the next offset, and writes nothing", async () => {
    await append(0, many(3))
    await command("XSETID", stream, "9-0")
    assert.deepStrictEqual(await append(3, [{ id: "a" }, {}]), gone)
    assert.strictEqual(await command("EXISTS", meta, d0), 0)
    assert.strictEqual((await stored()).length, 3)
  })

  it("goes on without the entries of a stream that was lost alone", async () => {
    await append(0, many(3))
    await command("DEL", stream)
    assert.deepStrictEqual(await append(3, [{ data: "x" }]), ["OK"])
    const { f, n } = await hash(meta)
    assert.deepStrictEqual([f, n], ["4", "1"])
    const found = ["OK", "e1", "4", String(term), "7", "4"]
    assert.deepStrictEqual(await page(["after", 1]), [...found, "", "x"])
    await append(4, [{ data: "y" }])
    assert.deepStrictEqual(((await page(["after", 4])) as Array<string>).slice(5), [
      "4",
      String(term),
      "y"
    ])
  })

  it("goes on without the entries of a stream that has a hole", async () => {
    await append(0, many(4))
    await command("XDEL", stream, "3-0")
    assert.deepStrictEqual(await append(4, [{ data: "x" }]), ["OK"])
    assert.deepStrictEqual(((await page(["after", 0])) as Array<string>).slice(5), ["5", "", "x"])
  })
})

describe("the append script, for several logs at once", () => {
  const others = ["chat:other", "chat:third"].map(channelKeys)
  const all = async (...rows: ReadonlyArray<ReadonlyArray<Argument>>) => {
    const redis = await runtime.runPromise(Redis)
    const keysOfAll = [keys, ...others].slice(0, rows.length).flat()
    return plain(await runtime.runPromise(redis.run(appendScript, keysOfAll, rows.flat())))
  }
  const one = (offset: number, options: Partial<Options> = {}) =>
    appendArguments(offset, [[{ id: "a", data: "x" }, { data: "y" }]], options)

  beforeEach(async () => {
    const redis = await runtime.runPromise(Redis)
    for (const other of others) {
      await command("HSET", other[0]!, "n", "r1", "t", term, "v", 1)
      await runtime.runPromise(redis.run(renewScript, other, [term, "e1", 200_000, ""]))
    }
  })

  it("answers each for itself", async () => {
    const fenced = ["FENCED", String(term)]
    const mismatch = ["MISMATCH", "e1", "0", String(term), "0"]
    const odd = [one(0), one(0, { term: term - 1 }), one(7)]
    assert.deepStrictEqual(await all(...odd), [["OK"], fenced, mismatch])
    const known = ["DUP", 0, `e1:${term}:1`]
    assert.deepStrictEqual(await all(one(2), one(0), one(0)), [known, ["OK"], ["OK"]])
    for (const [, otherMeta] of [keys, ...others]) {
      assert.strictEqual((await hash(otherMeta!))["o"], "2")
    }
  })

  it("goes on after one that Redis refuses", async () => {
    await command("SET", others[0]![2]!, "no stream")
    const redis = await runtime.runPromise(Redis)
    const appended = await Promise.all(
      [keys, ...others].map((its) =>
        runtime.runPromise(Effect.result(together(redis, appendScript, its, one(0))))
      )
    )
    const [first, second, third] = appended.map((result) =>
      Result.isSuccess(result) ? plain(result.success) : result.failure.kind
    )
    assert.deepStrictEqual([first, second, third], [["OK"], "refused", ["OK"]])
    assert.deepStrictEqual(
      [(await hash(others[0]![1]!))["o"], (await hash(others[1]![1]!))["o"]],
      ["0", "2"]
    )
  })

  it("is refused as a whole where Redis takes no writes", async () => {
    await command("CONFIG", "SET", "maxmemory", "1")
    const redis = await runtime.runPromise(Redis)
    const keysOfAll = [keys, ...others].flat()
    const args = [one(0), one(0), one(0)].flat()
    const refused = await runtime.runPromise(
      Effect.result(redis.run(appendScript, keysOfAll, args))
    )
    await command("CONFIG", "SET", "maxmemory", "0")
    assert.isTrue(Result.isFailure(refused) && /^OOM/.test(refused.failure.message))
    assert.strictEqual((await hash(meta))["o"], "0")
  })
})

describe("the page script", () => {
  const entries = ["a", "bb", "ccc", "dd", "e"].map((data, n) => ({
    data,
    at: 10 * (n + 1),
    term: term - 9 + n
  }))
  const log = ["OK", "e1", "5", String(term - 5), "50", "1"]
  const termAt = (offset: number) => String(term - 10 + offset)

  it.each([
    ["after an offset", ["after", 3], {}, [termAt(3), "dd", "e"]],
    ["from the beginning", ["after", 0], { limit: 2 }, ["", "a", "bb"]],
    ["after the head", ["after", 5], {}, [""]],
    ["after what is beyond the head", ["after", 9], {}, [""]],
    ["before an offset", ["before", 4], { limit: 2 }, [termAt(1), "ccc", "bb"]],
    ["before the end", ["before", 0], {}, ["", "e", "dd", "ccc", "bb", "a"]],
    ["before what is beyond the head", ["before", 99], { limit: 1 }, [termAt(4), "e"]],
    ["before the first", ["before", 1], {}, [""]],
    ["the last", ["last", 2], {}, [termAt(3), "dd", "e"]],
    ["more than there are", ["last", 50], { limit: 1 }, ["", "a"]],
    ["since a time", ["since", 40], {}, [termAt(3), "dd", "e"]],
    ["since between two times", ["since", 31], {}, [termAt(3), "dd", "e"]],
    ["since before all", ["since", 0], { limit: 1 }, ["", "a"]],
    ["since after all", ["since", 51], {}, [""]],
    ["the newest", ["newest", 0], {}, [termAt(4), "e"]],
    ["nothing", ["newest", 0], { limit: 0 }, [""]],
    ["as many bytes as asked", ["after", 0], { bytes: 6 }, ["", "a", "bb", "ccc"]],
    ["no byte more", ["after", 0], { bytes: 5 }, ["", "a", "bb"]],
    ["one at least", ["after", 2], { bytes: 1 }, [termAt(2), "ccc"]],
    ["no byte more backwards", ["before", 0], { bytes: 5 }, [termAt(3), "e", "dd"]],
    ["nothing of another epoch", ["after", 0], { epoch: "e0" }, [""]],
    ["something of the epoch", ["after", 4], { epoch: "e1" }, [termAt(4), "e"]]
  ] as const)("reads %s", async (_title, wanted, options, expected) => {
    await append(0, entries)
    assert.deepStrictEqual(await page(wanted, options), [...log, ...expected])
  })

  it.each([
    ["all", ["after", 0], {}, ["", "a", "bb", "ccc", "dd", "e", "ff"]],
    ["from the middle of a block", ["after", 2], {}, [term, "ccc", "dd", "e", "ff"]],
    ["up to the middle of a block", ["after", 1], { limit: 3 }, [term, "bb", "ccc", "dd"]],
    ["within one block", ["after", 1], { limit: 1 }, [term, "bb"]],
    ["as many bytes as asked", ["after", 1], { bytes: 7 }, [term, "bb", "ccc", "dd"]],
    ["no byte more", ["after", 1], { bytes: 6 }, [term, "bb", "ccc"]],
    ["one at least", ["after", 2], { bytes: 1 }, [term, "ccc"]],
    ["backwards", ["before", 0], {}, ["", "ff", "e", "dd", "ccc", "bb", "a"]],
    ["backwards from the middle of a block", ["before", 3], {}, ["", "bb", "a"]],
    ["backwards within one block", ["before", 3], { limit: 1 }, [term, "bb"]],
    ["backwards to the middle of a block", ["before", 6], { limit: 3 }, [term, "e", "dd", "ccc"]],
    [
      "backwards as many bytes as asked",
      ["before", 0],
      { bytes: 8 },
      [term, "ff", "e", "dd", "ccc"]
    ],
    ["backwards no byte more", ["before", 0], { bytes: 7 }, [term, "ff", "e", "dd"]],
    ["since the time of a block", ["since", 20], {}, [term, "dd", "e", "ff"]],
    ["the newest of a block", ["newest", 0], {}, [term, "ff"]]
  ] as const)("reads blocks: %s", async (_title, wanted, options, [before, ...publications]) => {
    const row = (at: number, ...data: ReadonlyArray<string>) => data.map((it) => ({ at, data: it }))
    await appendRows(0, [row(10, "a", "bb", "ccc"), row(20, "dd"), row(20, "e", "ff")])
    const [, , , , , , ...read] = await page(wanted, options)
    assert.deepStrictEqual(read, [String(before), ...publications])
  })

  it("begins a log where there is none, and lets go of what was left of another", async () => {
    await append(0, [{ id: "a" }])
    await append(1, [{ id: "b" }], { turns: 1 })
    await command("DEL", meta)
    assert.deepStrictEqual(await page(["after", 0]), ["OK", "e2", "0", String(term), "0", "1", ""])
    assert.strictEqual(await command("EXISTS", stream, d0, d1), 0)
    assert.isAbove(Number(await command("PTTL", meta)), 100_000)
  })

  it("lets go of what is too old, and reads the anchor still", async () => {
    await append(0, entries)
    const [, , , , , ...rest] = (await page(["after", 0], { oldest: 35 })) as Array<string>
    assert.deepStrictEqual(rest, ["4", termAt(3), "dd", "e"])
    const { c, f, q } = await hash(meta)
    assert.deepStrictEqual([f, c, q, await command("XLEN", stream)], ["4", "6", "40", 3])
    const [, , , , , ...none] = (await page(["after", 0], { oldest: 51 })) as Array<string>
    assert.deepStrictEqual([none, await command("XLEN", stream)], [["6", ""], 1])
  })

  it("reads nothing of a stream that was lost alone, and keeps the head", async () => {
    await append(0, entries)
    await command("DEL", stream)
    assert.deepStrictEqual(await page(["after", 0]), [...log.slice(0, 5), "6", ""])
    assert.strictEqual((await hash(meta))["f"], "6")
  })

  it("begins another log where the stream goes beyond the head", async () => {
    await append(0, entries)
    await command("HSET", meta, "o", "2")
    assert.deepStrictEqual(await page(["after", 0]), ["OK", "e2", "0", String(term), "0", "1", ""])
    assert.deepStrictEqual(await stored(), [])
  })

  it("answers FENCED, and begins nothing", async () => {
    await command("DEL", own, meta)
    assert.deepStrictEqual(await page(["after", 0]), ["FENCED", "0"])
    assert.strictEqual(await command("EXISTS", meta), 0)
  })
})

describe("the renew script", () => {
  const renew = (ended: string) => run(renewScript, term, "e2", 200_000, ended)

  it("begins another log only in place of the one that is to end", async () => {
    await append(0, [{ id: "a" }])
    assert.deepStrictEqual(await renew("e0"), ["OK", "e1", "1", String(term), "7"])
    assert.deepStrictEqual(await renew("e1"), ["OK", "e2", "0", String(term), "0"])
    assert.strictEqual(await command("EXISTS", stream, d0, d1), 0)
    await command("DEL", meta)
    assert.deepStrictEqual(await renew("e7"), ["OK", "e2", "0", String(term), "0"])
  })

  it("answers FENCED, and ends nothing", async () => {
    await command("HSET", own, "t", "1")
    assert.deepStrictEqual(await renew("e1"), ["FENCED", "1"])
    assert.strictEqual((await hash(meta))["e"], "e1")
  })
})
