import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric } from "effect"
import { TestClock } from "effect/testing"
import { connect, flushed, held, lobby, member, roster } from "./Connector.fixture.ts"
import { maxMemberDataBytes } from "./domain/Roster.ts"
import { grace, layer, Presence } from "./Presence.ts"

const nothingHeld = {
  members: 0,
  channels: 0,
  seats: 0,
  connectors: 0,
  watched_channels: 0,
  pending_changes: 0
}

const ignored = (reason: string) =>
  Effect.map(Metric.snapshot, (metrics) => {
    const found = metrics.find(({ attributes }) => attributes?.["reason"] === reason)
    return found === undefined ? 0 : (found.state as { readonly count: number }).count
  })

describe("presence", () => {
  it.effect("tells watchers who joins and leaves, and nobody else", () =>
    Effect.gen(function* () {
      const { stream: source } = yield* connect("connector-1")
      const { stream: watcher } = yield* connect("connector-2")
      const { stream: elsewhere } = yield* connect("connector-3")
      source.watch(lobby)
      watcher.watch(lobby)
      elsewhere.watch("chat:kitchen")

      source.join(lobby, member("ann"))
      assert.deepStrictEqual(yield* flushed(watcher), ["+ann"])
      assert.deepStrictEqual(yield* flushed(source), ["+ann"])

      source.leave(lobby, "ann")
      assert.deepStrictEqual(yield* flushed(watcher), ["-ann"])
      assert.strictEqual(yield* flushed(elsewhere), "nothing")
    }).pipe(Effect.provide(layer))
  )

  it.effect("tells only what happens between watch and unwatch", () =>
    Effect.gen(function* () {
      const { stream } = yield* connect("connector-1")
      stream.join(lobby, member("before"))
      stream.watch(lobby)
      stream.join(lobby, member("between"))
      assert.deepStrictEqual(yield* flushed(stream), ["+between"])

      stream.join(lobby, member("not told yet"))
      stream.unwatch(lobby)
      stream.join(lobby, member("after"))
      assert.strictEqual(yield* flushed(stream), "nothing")
    }).pipe(Effect.provide(layer))
  )

  it.effect("makes a storm of joins one flush, and of who came and went nothing", () =>
    Effect.gen(function* () {
      const { stream } = yield* connect("connector-1")
      stream.watch(lobby)
      for (let i = 0; i < 500; i++) stream.join(lobby, member(String(i)))
      for (let i = 0; i < 400; i++) stream.leave(lobby, String(i))

      assert.strictEqual((yield* flushed(stream)).length, 100)
      assert.strictEqual(yield* flushed(stream), "nothing")
    }).pipe(Effect.provide(layer))
  )

  it.effect("waits before a flush, and not between the batches of a large one", () =>
    Effect.gen(function* () {
      const { stream } = yield* connect("connector-1")
      stream.watch(lobby)
      for (let i = 0; i < 2_500; i++) stream.join(lobby, member(String(i)))
      const first = yield* Effect.forkChild(stream.changes, { startImmediately: true })

      yield* TestClock.adjust("49 millis")
      assert.isUndefined(first.pollUnsafe())
      yield* TestClock.adjust("1 millis")

      const batches = [yield* Fiber.join(first), yield* stream.changes, yield* stream.changes]
      assert.deepStrictEqual(
        batches.map((batch) => batch[0]?.joined.length),
        [1_000, 1_000, 500]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("tells a change of data as a join, and a repeated join not at all", () =>
    Effect.gen(function* () {
      const { stream } = yield* connect("connector-1")
      stream.join(lobby, member("ann", [1]))
      stream.watch(lobby)

      stream.join(lobby, member("ann", [1]))
      assert.strictEqual(yield* flushed(stream), "nothing")
      stream.join(lobby, member("ann", [2]))
      assert.deepStrictEqual(yield* flushed(stream), ["+ann=2"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("ignores a join with too much data, and counts it", () =>
    Effect.gen(function* () {
      const { stream } = yield* connect("connector-1")
      const before = yield* ignored("data_too_large")
      const tooMuch = Array.from({ length: maxMemberDataBytes + 1 }, () => 0)

      stream.join(lobby, member("ann", tooMuch))

      assert.deepStrictEqual(yield* roster(lobby), [])
      assert.strictEqual((yield* ignored("data_too_large")) - before, 1)
      assert.strictEqual((yield* held)["channels"], 0)
    }).pipe(Effect.provide(layer))
  )

  it.effect("answers with a page and both counts, or with the counts alone", () =>
    Effect.gen(function* () {
      const presence = yield* Presence
      const { stream } = yield* connect("connector-1")
      for (const id of ["m", "n", "o"]) stream.join(lobby, { ...member(id), user: "ann" })
      const ask = { channel: lobby, counts: false, limit: 2, after: "" }

      const page = presence.roster(ask)
      assert.deepInclude(page, { memberCount: 3, userCount: 1, next: "n" })
      assert.strictEqual(page.members.length, 2)

      const counts = presence.roster({ ...ask, counts: true })
      assert.deepStrictEqual(counts, { members: [], memberCount: 3, userCount: 1, next: "" })

      const empty = presence.roster({ ...ask, channel: "chat:empty" })
      assert.deepStrictEqual(empty, { members: [], memberCount: 0, userCount: 0, next: "" })
    }).pipe(Effect.provide(layer))
  )
})

describe("what presence holds", () => {
  it.effect("is nothing after 10,000 joins, leaves and lost members", () =>
    Effect.gen(function* () {
      const { stream, lose } = yield* connect("connector-1")
      const { stream: watcher, lose: loseWatcher } = yield* connect("connector-2")
      for (let i = 0; i < 10_000; i++) {
        const channel = `chat:${i % 100}`
        stream.watch(channel)
        watcher.watch(channel)
        stream.join(channel, member(String(i)))
        if (i % 2 === 0) stream.leave(channel, String(i))
        stream.watch(`chat:unwatched-${i % 100}`)
        stream.unwatch(`chat:unwatched-${i % 100}`)
      }
      assert.deepStrictEqual(yield* held, {
        members: 5_000,
        channels: 50,
        seats: 0,
        connectors: 2,
        watched_channels: 100,
        pending_changes: 10_000
      })

      yield* lose
      yield* loseWatcher
      yield* TestClock.adjust(grace)
      // The sweep makes way between its steps.
      yield* Effect.repeat(Effect.andThen(Effect.yieldNow, held), {
        until: ({ connectors }) => connectors === 0
      })

      assert.deepStrictEqual(yield* held, nothingHeld)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is nothing after it was closed with streams open", () =>
    Effect.gen(function* () {
      yield* Effect.gen(function* () {
        const { stream } = yield* connect("connector-1")
        stream.watch(lobby)
        stream.join(lobby, member("ann"))
      }).pipe(Effect.scoped, Effect.provide(layer))

      assert.deepStrictEqual(yield* held, nothingHeld)
    })
  )
})
