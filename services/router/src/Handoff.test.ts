import { assert, describe, it } from "@effect/vitest"
import { shardOf } from "@weir/core/ChannelName"
import { Effect, Exit, Fiber, Scope, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as Mesh from "./RouterMesh.fixture.ts"
import { follow, type MeshRouter, message, shown, textOf, viewOf } from "./RouterMesh.fixture.ts"
import type * as Store from "./SharedStore.fixture.ts"

const lobby = "chat:lobby"
const ticker = "live:ticker"

/** Two routers: the first owns everything, until the view says otherwise. */
const two = Effect.fnUntraced(function* (options: Mesh.MeshOptions = {}) {
  const mesh = yield* Mesh.makeMesh(options)
  const r1 = yield* mesh.start("r1", viewOf(1, "r1"))
  const r2 = yield* mesh.start("r2", viewOf(1, "r1"))
  yield* Mesh.settled
  return { mesh, store: mesh.store, r1, r2 }
})

const publish = ({ router }: MeshRouter, id: string, channel = lobby) =>
  router.publish(message(id, channel))

/** Publishes while something happens, and tells afterwards how it ended. */
const publishing = (from: MeshRouter, id: string, channel = lobby) =>
  Effect.forkChild(publish(from, id, channel), { startImmediately: true })

const ownerOf = (store: Store.SharedStore, channel: string) =>
  store.records.get(shardOf(channel))?.node

describe("a planned handoff", () => {
  it.effect("keeps the epoch and the offsets of channels without history", () =>
    Effect.gen(function* () {
      const { mesh, r1, r2 } = yield* two()
      const before = yield* publish(r1, "a", ticker)
      yield* mesh.tell(viewOf(2, "-r1", "r2"))
      yield* TestClock.adjust("100 millis")
      const after = yield* publish(r2, "b", ticker)
      assert.strictEqual(after.position.epoch, before.position.epoch)
      assert.strictEqual(after.position.offset, 2)
      assert.isAbove(after.position.term, before.position.term)
      const back = yield* follow(r2, ticker, before.position)
      assert.deepStrictEqual(yield* shown(back), ["attached at 2", "b at 2"])
    })
  )

  it.effect("says moved last, behind what was in flight, once on each lane", () =>
    Effect.gen(function* () {
      const { mesh, r1, store } = yield* two()
      const lanes = [yield* follow(r1, lobby), yield* follow(r1, lobby)]
      yield* publish(r1, "a")
      store.appends.push((call) => Effect.tap(call, () => Effect.sleep("100 millis")))
      const inFlight = yield* publishing(r1, "b")
      yield* Mesh.settled
      yield* mesh.tell(viewOf(2, "-r1", "r2"))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(inFlight)).position.offset, 2)
      for (const lane of lanes) {
        assert.deepStrictEqual(yield* shown(lane), [
          "attached at 0",
          "a at 1",
          "b at 2",
          "moved to r2"
        ])
      }
    })
  )

  it.effect("fails no publication, and keeps their order", () =>
    Effect.gen(function* () {
      const { mesh, r1, store } = yield* two({ latency: Effect.sleep("1 millis") })
      store.appends.push((call) => Effect.andThen(Effect.sleep("50 millis"), call))
      const fibers = []
      for (let n = 0; n < 40; n++) {
        fibers.push(yield* publishing(r1, `m-${n}`))
        if (n === 10) yield* mesh.tell(viewOf(2, "-r1", "r2"))
        yield* TestClock.adjust("5 millis")
      }
      yield* TestClock.adjust("3 seconds")
      const accepted = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        accepted.map(({ position }) => position.offset),
        fibers.map((_, index) => index + 1)
      )
      assert.strictEqual((yield* store.stored(lobby)).length, fibers.length)
      assert.strictEqual(ownerOf(store, lobby), "r2")
    })
  )

  it.effect("does not wait for an append that hangs, and the successor has the truth", () =>
    Effect.gen(function* () {
      const { mesh, r1, r2, store } = yield* two()
      yield* publish(r1, "a")
      store.appends.push(() => Effect.never)
      const hanging = yield* publishing(r1, "b")
      yield* mesh.tell(viewOf(2, "-r1", "r2"))
      yield* TestClock.adjust("700 millis")
      assert.strictEqual(ownerOf(store, lobby), "r2")
      yield* publish(r2, "c")
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(hanging)
      const texts = (yield* store.stored(lobby)).map(textOf)
      assert.deepStrictEqual(texts.toSorted(), ["a", "b", "c"])
    })
  )

  it.effect("that nobody hears of is taken by the successor a second later", () =>
    Effect.gen(function* () {
      const { mesh, r1, r2, store } = yield* two({ isHandoffLost: () => true })
      const before = yield* publish(r1, "a")
      const unlogged = yield* publish(r1, "t", ticker)
      yield* mesh.tell(viewOf(2, "-r1", "r2"))
      const waiting = yield* publishing(r2, "b")
      yield* TestClock.adjust("900 millis")
      assert.strictEqual(ownerOf(store, lobby), "r1")
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(ownerOf(store, lobby), "r2")
      const after = yield* Fiber.join(waiting)
      assert.strictEqual(after.position.epoch, before.position.epoch)
      assert.strictEqual(after.position.offset, 2)
      const other = yield* publish(r2, "u", ticker)
      assert.notStrictEqual(other.position.epoch, unlogged.position.epoch)
    })
  )

  it.effect("back and forth leaves one owner, and every publication once", () =>
    Effect.gen(function* () {
      const { mesh, r1, store } = yield* two({ latency: Effect.sleep("1 millis") })
      const lane = yield* follow(r1, lobby)
      const fibers = []
      for (let version = 2; version <= 21; version++) {
        yield* mesh.tell(
          version % 2 === 0 ? viewOf(version, "-r1", "r2") : viewOf(version, "r1", "-r2")
        )
        for (let n = 0; n < 3; n++) {
          fibers.push(yield* publishing(r1, `m-${version}-${n}`))
          yield* TestClock.adjust("4 millis")
        }
      }
      yield* TestClock.adjust("5 seconds")
      const accepted = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        accepted.map(({ position }) => position.offset),
        fibers.map((_, index) => index + 1)
      )
      assert.strictEqual((yield* store.stored(lobby)).length, fibers.length)
      assert.strictEqual(ownerOf(store, lobby), "r1")
      const items = yield* shown(lane)
      assert.strictEqual(items.at(-1), "moved to r2")
      assert.strictEqual(items.filter((it) => it.startsWith("moved")).length, 1)
    })
  )
})

describe("an unplanned change of owner", () => {
  it.effect("goes on with logged channels, and begins another epoch of the others", () =>
    Effect.gen(function* () {
      const mesh = yield* Mesh.makeMesh()
      const life = yield* Scope.make()
      const r1 = yield* Scope.provide(mesh.start("r1", viewOf(1, "r1")), life)
      const r2 = yield* mesh.start("r2", viewOf(1, "r1"))
      yield* Mesh.settled
      const logged = yield* publish(r1, "a")
      const unlogged = yield* publish(r1, "t", ticker)
      yield* Scope.close(life, Exit.void)
      yield* SubscriptionRef.set(r2.view, viewOf(2, "r2"))
      yield* TestClock.adjust("100 millis")
      const back = yield* follow(r2, lobby, logged.position)
      const other = yield* follow(r2, ticker, unlogged.position)
      assert.strictEqual((yield* publish(r2, "b")).position.offset, 2)
      yield* publish(r2, "u", ticker)
      assert.deepStrictEqual(yield* shown(back), ["attached at 1", "b at 2"])
      assert.deepStrictEqual(yield* shown(other), ["attached at 0 epoch_changed", "u at 1"])
    })
  )
})

describe("a router whose shard was another's without its knowing", () => {
  it.effect("goes on in the epoch that it is handed back", () =>
    Effect.gen(function* () {
      const mesh = yield* Mesh.makeMesh()
      const r1 = yield* mesh.start("r1", viewOf(1, "r1"))
      yield* Mesh.settled
      yield* publish(r1, "a", ticker)
      const r2 = yield* mesh.start("r2", viewOf(2, "r2"))
      yield* TestClock.adjust("2 seconds")
      yield* publish(r2, "b", ticker)
      const last = yield* publish(r2, "c", ticker)
      yield* TestClock.adjust("6 seconds")
      yield* mesh.tell(viewOf(3, "r1", "-r2"))
      yield* TestClock.adjust("100 millis")
      const next = yield* publish(r1, "d", ticker)
      assert.strictEqual(next.position.epoch, last.position.epoch)
      assert.strictEqual(next.position.offset, 3)
    })
  )
})

describe("two routers that disagree about the view", () => {
  it.effect("never both append, and the one with the newer view wins", () =>
    Effect.gen(function* () {
      const { r1, r2, store } = yield* two()
      yield* publish(r1, "a")
      yield* SubscriptionRef.set(r2.view, viewOf(2, "r2"))
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual((yield* publish(r2, "b")).position.offset, 2)
      const refused = yield* publishing(r1, "c")
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(Exit.isFailure(refused.pollUnsafe()!))
      assert.strictEqual(ownerOf(store, lobby), "r2")
      yield* publish(r2, "d")
      assert.deepStrictEqual((yield* store.stored(lobby)).map(textOf), ["a", "b", "d"])
      const terms = (store.appended.get(lobby) ?? []).map(
        ({ publication }) => publication.position.term
      )
      assert.deepStrictEqual(
        terms,
        terms.toSorted((a, b) => a - b)
      )
    })
  )
})
