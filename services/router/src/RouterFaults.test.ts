import { assert, describe, it } from "@effect/vitest"
import { shardOf } from "@weir/core/ChannelName"
import type { Failure } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import { Effect, Exit, Fiber, type Scope, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { Moved } from "./domain/Moved.ts"
import * as Mesh from "./RouterMesh.fixture.ts"
import { follow, type MeshRouter, message, shown, textOf, viewOf } from "./RouterMesh.fixture.ts"
import * as Store from "./SharedStore.fixture.ts"

const lobby = "chat:lobby"

/** Another channel of the same shard. */
const neighbour = Array.from({ length: 100_000 }, (_, n) => `chat:${n}`).find(
  (name) => shardOf(name) === shardOf(lobby)
)!

const alone = Effect.fnUntraced(function* (store: Store.SharedStore = new Store.SharedStore()) {
  const mesh = yield* Mesh.makeMesh({ store })
  const owner = yield* mesh.start("r1", viewOf(1, "r1"))
  yield* Mesh.settled
  const publish = (...ids: ReadonlyArray<string>) =>
    Effect.forEach(ids, (id) => owner.router.publish(message(id)))
  return { mesh, owner, store, publish }
})

const submit = ({ router }: MeshRouter, wanted: Message) => {
  const answers: Array<Exit.Exit<Accepted, Failure | Moved>> = []
  router.submit(wanted, (exit) => answers.push(exit))
  return answers
}

const offsetsOf = (answers: ReadonlyArray<Exit.Exit<Accepted, unknown>>) =>
  answers.map((exit) => (Exit.isSuccess(exit) ? exit.value.position.offset : "failed"))

const isMoved = (exit: Exit.Exit<unknown, Failure | Moved>) =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some((it) => it._tag === "Fail" && it.error instanceof Moved)

const stored = (store: Store.SharedStore) =>
  Effect.map(store.stored(lobby), (all) => all.map(textOf))

const test = (title: string, body: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.effect(title, () => body)

describe("a log that refuses every append", () => {
  test(
    "has publications refused in time, and is not asked again and again",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      yield* publish("a")
      let tries = 0
      const refuse: Store.Around = () => {
        tries++
        return Effect.andThen(Effect.sleep("5 millis"), Effect.fail(Store.unavailable))
      }
      for (let n = 0; n < 1_000; n++) store.appends.push(refuse)
      const answers = submit(owner, message("b"))
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual(offsetsOf(answers), ["failed"])
      assert.isBelow(tries, 10)
    })
  )
})

describe("a log that was away for longer than its owner remembers", () => {
  test(
    "is given what it had lost when it went away",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      yield* publish("a", "b", "c")
      owner.heartbeatAge = 40_000
      yield* TestClock.adjust("40 seconds")
      yield* owner.router.forgetIdle
      yield* store.loseTail(lobby, 1)
      owner.heartbeatAge = 0
      yield* owner.router.checkLogs
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* stored(store), ["a", "b", "c"])
    })
  )
})

describe("a doubt that nobody's publication resolves", () => {
  test(
    "is looked into once the append that was in flight has ended",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      yield* publish("a")
      store.appends.push(Store.answerLate("100 millis"))
      const answers = submit(owner, message("b"))
      yield* Mesh.settled
      yield* store.loseTail(lobby, 0)
      yield* owner.router.checkLogs
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(offsetsOf(answers), [2])
      assert.deepStrictEqual(yield* stored(store), ["a", "b"])
    })
  )

  test(
    "is looked into again when the first look fails",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      yield* publish("a", "b")
      yield* store.loseTail(lobby, 1)
      store.heads.push(Store.loseCall, Store.loseCall)
      yield* owner.router.checkLogs
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* stored(store), ["a", "b"])
    })
  )
})

describe("an append without id that happened, whose answer is lost", () => {
  test(
    "is not called certainly not appended when another owner has taken the shard",
    Effect.gen(function* () {
      const { mesh, owner, publish, store } = yield* alone()
      yield* publish("a")
      const shard = shardOf(lobby)
      store.appends.push(
        Store.loseAnswerAnd(() => {
          const { term } = store.records.get(shard)!
          store.records.set(shard, { node: "r2", term: term + 4_096, view: 2 })
        })
      )
      const answers = submit(owner, message("", lobby, "x"))
      yield* Mesh.settled
      yield* mesh.start("r2", viewOf(2, "r2"))
      yield* SubscriptionRef.set(owner.view, viewOf(2, "r2"))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* stored(store), ["a", "x"])
      assert.strictEqual(answers.length, 1)
      assert.isFalse(isMoved(answers[0]!))
    })
  )

  test(
    "is found and acknowledged though the record of the shard was lost too",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      yield* publish("a")
      store.appends.push(Store.loseAnswerAnd(() => store.records.delete(shardOf(lobby))))
      const answers = submit(owner, message("", lobby, "x"))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* stored(store), ["a", "x"])
      assert.deepStrictEqual(offsetsOf(answers), [2])
    })
  )
})

describe("an append of unknown outcome on a shard that cannot be taken again", () => {
  test(
    "is answered in time, like what is behind it",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      yield* publish("a")
      store.appends.push(
        Store.loseAnswerAnd(() => {
          store.records.delete(shardOf(lobby))
          store.onRecords = () => Effect.fail(Store.unavailable)
        })
      )
      const answers = submit(owner, message("b"))
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual(offsetsOf(answers), ["failed"])
    })
  )
})

describe("a follower", () => {
  test(
    "is not taken for live by a page of a log that was rolled back since",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      yield* publish("a", "b", "c", "d")
      const since = (yield* store.stored(lobby))[0]!.publication.position
      yield* TestClock.adjust("20 seconds")
      yield* owner.router.forgetIdle
      store.resumes.push(Store.answerLate("300 millis"))
      const lane = yield* follow(owner, lobby, since)
      yield* store.loseTail(lobby, 1)
      const publishing = yield* Effect.forkChild(publish("e"), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(publishing)
      assert.include(yield* shown(lane), "e at 2")
    })
  )

  test(
    "is given what is published while the owner finds out that the log was rolled back",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      yield* publish("a", "b", "c")
      yield* TestClock.adjust("16 seconds")
      yield* owner.router.forgetIdle
      yield* shown(lane)
      yield* store.loseTail(lobby, 1)
      yield* publish("d")
      assert.deepStrictEqual(yield* shown(lane), ["gap rolled_back to 1", "d at 2"])
    })
  )

  test(
    "of a channel without history does not wait for logs that hang",
    Effect.gen(function* () {
      const { owner, store } = yield* alone()
      const lane = yield* owner.router.openLane("connector-1")
      lane.grant(1_000_000)
      for (let n = 0; n < 40; n++) {
        store.heads.push(() => Effect.never)
        owner.router.attach(lane, { channel: `chat:${n}`, since: undefined, attach: n + 1 })
      }
      yield* Mesh.settled
      owner.router.attach(lane, { channel: "live:ticker", since: undefined, attach: 99 })
      assert.include(yield* shown(lane), "attached at 0")
    })
  )

  test(
    "that comes while a shard is sealed is told moved behind what is in flight",
    Effect.gen(function* () {
      const { mesh, owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      yield* publish("a")
      yield* shown(lane)
      store.appends.push(Store.answerLate("100 millis"))
      submit(owner, message("b"))
      yield* Mesh.settled
      yield* mesh.start("r2", viewOf(2, "r2"))
      yield* SubscriptionRef.set(owner.view, viewOf(2, "r2"))
      yield* Mesh.settled
      owner.router.attach(lane, { channel: neighbour, since: undefined, attach: 2 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* shown(lane), ["b at 2", "moved to r2"])
    })
  )

  test(
    "hears beacons of a publication that was found in the log, too",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      yield* publish("a")
      yield* TestClock.adjust("5 seconds")
      yield* shown(lane)
      store.appends.push(Store.loseAnswer)
      yield* publish("b")
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* shown(lane), ["b at 2", "beacon 2", "beacon 2"])
    })
  )
})

describe("an append that is read before it is known to have happened", () => {
  test(
    "and then lost, leaves nobody with a position that another one is given",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      yield* publish("a")
      store.appends.push((call) =>
        Effect.andThen(
          call,
          Effect.andThen(Effect.sleep("300 millis"), Effect.fail(Store.unavailable))
        )
      )
      store.heads.push(Store.loseCall)
      submit(owner, message("x"))
      yield* Mesh.settled
      const limits = { limit: 10, maxBytes: 1_000_000 }
      const reading = yield* Effect.forkChild(
        owner.router.read(lobby, { _tag: "After", offset: 1 }, limits),
        { startImmediately: true }
      )
      yield* TestClock.adjust("100 millis")
      const exit = reading.pollUnsafe()
      // Not to be answered while it is not decided is one way to keep the promise.
      const seen = exit !== undefined && Exit.isSuccess(exit) ? exit.value.entries : []
      yield* store.loseTail(lobby, 1)
      yield* TestClock.adjust("1 second")
      const [next] = yield* publish("y")
      for (const entry of seen) {
        assert.notDeepEqual(entry.publication.position, next!.position)
      }
    })
  )
})

describe("a record that cannot be understood", () => {
  test(
    "does not keep a router from its shards for ever",
    Effect.gen(function* () {
      const store = new Store.SharedStore()
      store.onRecords = () => Effect.die("nonsense")
      const { owner } = yield* alone(store)
      yield* TestClock.adjust("1 second")
      store.onRecords = (call) => call
      const answers = submit(owner, message("a"))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(offsetsOf(answers), [1])
    })
  )
})
