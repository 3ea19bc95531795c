import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeConnection, roomForAll } from "./Connection.fixture.ts"
import { Flusher, restAfter } from "./Flusher.ts"

/** Lets the event loop turn so many times. */
const turns = (count: number) =>
  Effect.promise(async () => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
  })

const chunk = (text: string) => Buffer.from(text)

/** A flusher that runs, and connections that note what is written to them. */
const start = Effect.gen(function* () {
  const flusher = new Flusher()
  yield* Effect.forkScoped(flusher.run)
  const connect = (onWrite: () => boolean = () => true) => {
    const writes: Array<Uint8Array> = []
    const closes: Array<number> = []
    const connection = makeConnection({
      outbox: { maxFrames: 3, maxBytes: 100, shared: roomForAll },
      flusher,
      write: (frames) => {
        writes.push(frames)
        return onWrite()
      },
      close: (code) => closes.push(code)
    })
    const texts = () => writes.map((it) => Buffer.from(it).toString())
    return { connection, writes, texts, closes }
  }
  /** Whatever waits is written, after a rest if there is one: who came last is written to last. */
  const flushed = Effect.gen(function* () {
    const last = connect()
    last.connection.push(chunk("."), 1)
    while (last.writes.length === 0) yield* turns(1)
  })
  return { flusher, connect, flushed }
})

describe("Flusher", () => {
  it.live("writes in one go what a connection was given in one turn, in its order", () =>
    Effect.gen(function* () {
      const { connect, flushed } = yield* start
      const { connection, texts } = connect()
      for (const text of ["a", "b", "c"]) connection.push(chunk(text), 1)
      assert.deepStrictEqual(texts(), [])
      yield* flushed
      assert.deepStrictEqual(texts(), ["abc"])

      connection.push(chunk("d"), 1)
      yield* flushed
      assert.deepStrictEqual(texts(), ["abc", "d"])
    })
  )

  it.live("gives the same buffer to all who wait for the same chunks", () =>
    Effect.gen(function* () {
      const { connect, flushed } = yield* start
      const clients = [connect(), connect(), connect()] as const
      const other = connect()
      const a = chunk("a")
      const b = chunk("b")
      for (const { connection } of clients) connection.push(a, 1)
      for (const { connection } of [...clients, other]) connection.push(b, 1)
      yield* flushed
      assert.deepStrictEqual(
        clients.map(({ texts }) => texts()),
        [["ab"], ["ab"], ["ab"]]
      )
      assert.strictEqual(clients[0].writes[0], clients[2].writes[0])
      // A single chunk is not copied at all.
      assert.strictEqual(other.writes[0], b)
    })
  )

  it.live(
    "lets others have a turn, and writes to those who still wait all that came meanwhile",
    () =>
      Effect.gen(function* () {
        const { connect, flusher } = yield* start
        const slowly = () => {
          const end = performance.now() + 6
          while (performance.now() < end);
          return true
        }
        const first = Array.from({ length: 31 }, () => connect())
        const slow = connect(slowly)
        const behind = connect()
        const asking = connect()
        for (const { connection } of [...first, slow, behind]) connection.push(chunk("a"), 1)

        while (!flusher.isBusy) yield* turns(1)
        assert.deepStrictEqual([slow.texts(), behind.texts()], [["a"], []])
        behind.connection.push(chunk("b"), 1)
        asking.connection.push(chunk("publication "), 1)
        asking.connection.send({ $case: "pong", value: {} })
        // An answer waits for nobody else, and stays behind what its client was given before.
        assert.strictEqual(asking.texts().length, 1)
        assert.match(asking.texts()[0]!, /^publication .*"pong"/)

        while (behind.writes.length === 0) yield* turns(1)
        assert.deepStrictEqual(behind.texts(), ["ab"])
      })
  )

  it.live("goes on with the others when one connection dies of its write", () =>
    Effect.gen(function* () {
      const { connect, flushed } = yield* start
      const dead = connect(() => {
        throw new Error("made to fail")
      })
      const alive = connect()
      for (const { connection } of [dead, alive]) connection.push(chunk("a"), 1)
      yield* flushed
      assert.deepStrictEqual(alive.texts(), ["a"])
      // What it did not write is lost to its client: it has to come back, and resume.
      assert.isTrue(dead.connection.closed)
    })
  )
})

describe("restAfter", () => {
  it.each([
    [0.05, 1_000, 0],
    [0.3, 1_000, 0],
    [0.4, 1_000, 1],
    [1, 1_000, 3],
    [2.5, 32, 7],
    [2.5, 31, 0],
    [7, 1_000, 8],
    [7, 1, 0],
    [12, 1_000, 3],
    [15, 1_000, 0],
    [70, 1_000, 0]
  ])(
    "gives a round of %d ms over %d connections a rest of %d ms",
    (busyMs, connections, restMs) => {
      assert.strictEqual(restAfter(busyMs, connections), restMs)
    }
  )
})

describe("Connection", () => {
  it.live("keeps what it says in order with what it is given", () =>
    Effect.gen(function* () {
      const { connect, flushed } = yield* start
      const { connection, texts } = connect()
      connection.push(chunk("publication "), 1)
      connection.send({ $case: "unsubscribed", value: { channel: "chat:a", reason: "" } })
      yield* flushed
      assert.strictEqual(texts().length, 1)
      assert.match(texts()[0]!, /^publication .*"unsubscribed"/)
    })
  )

  it.live("writes what waits before it closes, and nothing after", () =>
    Effect.gen(function* () {
      const { connect, flushed } = yield* start
      const { closes, connection, texts } = connect()
      connection.push(chunk("last words"), 1)
      connection.close("shutdown")
      assert.deepStrictEqual([texts(), closes], [["last words"], [3001]])
      connection.push(chunk("too late"), 1)
      yield* flushed
      assert.deepStrictEqual(texts(), ["last words"])
    })
  )

  it.live("keeps what comes while its socket is full in its outbox, until that is full, too", () =>
    Effect.gen(function* () {
      const { connect, flushed } = yield* start
      let takes = false
      const { connection, texts } = connect(() => takes)
      connection.push(chunk("a"), 1)
      yield* flushed
      assert.isFalse(connection.isClear)
      assert.deepStrictEqual(
        ["b", "c", "d", "e"].map((text) => connection.push(chunk(text), 1)),
        [true, true, true, false]
      )
      takes = true
      connection.drained()
      yield* flushed
      assert.deepStrictEqual(texts(), ["a", "bcd"])
      assert.isTrue(connection.isClear)
    })
  )

  it.live("does not wait for the end of the turn with more than a socket takes at once", () =>
    Effect.gen(function* () {
      const { connect, flushed } = yield* start
      const { connection, writes } = connect(() => false)
      connection.push(Buffer.alloc(60_000), 1)
      assert.strictEqual(writes.length, 0)
      connection.push(Buffer.alloc(6_000), 1)
      assert.deepStrictEqual(
        writes.map(({ byteLength }) => byteLength),
        [66_000]
      )
      assert.isFalse(connection.isClear)
      yield* flushed
      assert.strictEqual(writes.length, 1)
    })
  )

  it.live("goes on in the same turn after so much, in its order and beside the others", () =>
    Effect.gen(function* () {
      const { connect, flushed } = yield* start
      const large = connect()
      const small = connect()
      for (const text of ["a", "b", "c"]) {
        large.connection.push(Buffer.alloc(66_000, text), 1)
        small.connection.push(chunk(text), 1)
      }
      large.connection.push(chunk("d"), 1)
      yield* flushed
      assert.deepStrictEqual(
        large.texts().map((text) => [text[0], text.length]),
        [
          ["a", 66_000],
          ["b", 66_000],
          ["c", 66_000],
          ["d", 1]
        ]
      )
      assert.deepStrictEqual(small.texts(), ["abc"])
      large.connection.push(chunk("e"), 1)
      yield* flushed
      assert.strictEqual(large.texts().at(-1), "e")
    })
  )
})
