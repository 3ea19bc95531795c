import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { connect, flushed, held, lobby, member, roster } from "./Connector.fixture.ts"
import { grace, layer } from "./Presence.ts"

describe("a lost stream", () => {
  it.effect("takes its members away when the grace ends, and not before", () =>
    Effect.gen(function* () {
      const { stream: watcher } = yield* connect("connector-2")
      watcher.watch(lobby)
      const { stream, lose } = yield* connect("connector-1")
      stream.join(lobby, member("ann"))
      assert.deepStrictEqual(yield* flushed(watcher), ["+ann"])

      yield* lose
      yield* TestClock.adjust("1900 millis")
      assert.deepStrictEqual(yield* roster(lobby), ["ann"])

      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(yield* flushed(watcher), ["-ann"])
      assert.deepStrictEqual(yield* roster(lobby), [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("goes unseen when its connector says the same again on the next", () =>
    Effect.gen(function* () {
      const { stream: watcher } = yield* connect("connector-2")
      const { stream: before, lose } = yield* connect("connector-1")
      before.join(lobby, member("ann"))
      before.join(lobby, member("bob"))
      watcher.watch(lobby)

      yield* lose
      yield* TestClock.adjust("1900 millis")
      const { stream: next } = yield* connect("connector-1")
      next.join(lobby, member("ann"))
      yield* TestClock.adjust("1900 millis")
      assert.strictEqual(yield* flushed(watcher), "nothing")

      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(yield* flushed(watcher), ["-bob"])
      assert.deepStrictEqual(yield* roster(lobby), ["ann"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("does not keep members for ever when its connector comes again and again", () =>
    Effect.gen(function* () {
      const { stream, lose } = yield* connect("connector-1")
      stream.join(lobby, member("ann"))
      yield* lose
      for (let i = 0; i < 4; i++) {
        const { lose } = yield* connect("connector-1")
        yield* TestClock.adjust("1 second")
        yield* lose
      }
      assert.deepStrictEqual(yield* roster(lobby), [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("lets its connector take back on the next what it said on the one before", () =>
    Effect.gen(function* () {
      const { stream: before, lose } = yield* connect("connector-1")
      before.join(lobby, member("ann"))
      yield* lose
      const { stream: next } = yield* connect("connector-1")
      next.leave(lobby, "ann")
      assert.deepStrictEqual(yield* roster(lobby), [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("leaves alone the members that another connector has taken over", () =>
    Effect.gen(function* () {
      const { stream: from, lose } = yield* connect("connector-1")
      const { stream: to } = yield* connect("connector-2")
      from.join(lobby, member("ann"))
      to.watch(lobby)
      to.join(lobby, member("ann"))
      from.leave(lobby, "ann")

      yield* lose
      yield* TestClock.adjust(grace)

      assert.strictEqual(yield* flushed(to), "nothing")
      assert.deepStrictEqual(yield* roster(lobby), ["ann"])
    }).pipe(Effect.provide(layer))
  )
})

describe("a sweep", () => {
  it.effect("takes nothing from a stream that comes while it makes way", () =>
    Effect.gen(function* () {
      const { stream, lose } = yield* connect("connector-1")
      for (let i = 0; i < 10_000; i++) stream.join(lobby, member(String(i)))
      yield* lose
      yield* Effect.forkChild(TestClock.adjust(grace))
      const { members } = yield* Effect.repeat(Effect.andThen(Effect.yieldNow, held), {
        until: ({ members }) => members !== 10_000
      })
      assert.isAbove(members ?? 0, 0)

      const { stream: next } = yield* connect("connector-1")
      next.join(lobby, member("9999"))
      yield* Effect.repeat(Effect.andThen(Effect.yieldNow, held), {
        until: ({ members }) => members === 1
      })
      yield* Effect.yieldNow

      assert.deepStrictEqual(yield* roster(lobby), ["9999"])
      assert.strictEqual((yield* held)["connectors"], 1)
    }).pipe(Effect.provide(layer))
  )
})

describe("a newer stream of the same node", () => {
  it.effect("ends the older one, whose late words change nothing", () =>
    Effect.gen(function* () {
      const { stream: older } = yield* connect("connector-1")
      older.join(lobby, member("ann"))
      const waiting = yield* Effect.forkChild(Effect.flip(older.changes), {
        startImmediately: true
      })

      const { stream: newer } = yield* connect("connector-1", 2)
      newer.join(lobby, member("ann"))
      older.leave(lobby, "ann")
      older.join(lobby, member("ghost"))
      older.watch(lobby)

      assert.strictEqual((yield* Fiber.join(waiting)).code, "unavailable")
      assert.deepStrictEqual(yield* roster(lobby), ["ann"])
      assert.strictEqual((yield* held)["watched_channels"], 0)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is not hurt by the end of the older one", () =>
    Effect.gen(function* () {
      const { stream: older, lose } = yield* connect("connector-1")
      older.join(lobby, member("ann"))
      const { stream: newer } = yield* connect("connector-1")
      newer.watch(lobby)
      newer.join(lobby, member("ann"))

      yield* lose
      yield* TestClock.adjust(grace)

      assert.deepStrictEqual(yield* roster(lobby), ["ann"])
      newer.join(lobby, member("bob"))
      assert.deepStrictEqual(yield* flushed(newer), ["+bob"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("is refused when it comes from an earlier life, until the later one is gone", () =>
    Effect.gen(function* () {
      yield* connect("connector-1", 1)
      const { lose } = yield* connect("connector-1", 2)
      const refused = yield* Effect.flip(connect("connector-1", 1))
      assert.deepStrictEqual([refused.code, refused.retryAfterMs], ["unavailable", 2_000])

      yield* lose
      yield* TestClock.adjust(grace)
      yield* connect("connector-1", 1)
    }).pipe(Effect.provide(layer))
  )
})
