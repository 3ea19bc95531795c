import { assert, describe, it } from "@effect/vitest"
import { shardOf } from "@weir/core/ChannelName"
import type { Failure } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import { Cause, Effect, Exit, type Scope, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { Moved } from "./domain/Moved.ts"
import * as Mesh from "./RouterMesh.fixture.ts"
import { follow, type MeshRouter, message, shown, textOf, viewOf } from "./RouterMesh.fixture.ts"
import * as Store from "./SharedStore.fixture.ts"

const lobby = "chat:lobby"

/** One router that owns everything, and what its log is given to. */
const alone = Effect.fnUntraced(function* () {
  const mesh = yield* Mesh.makeMesh()
  const owner = yield* mesh.start("r1", viewOf(1, "r1"))
  yield* Mesh.settled
  return { mesh, owner, store: mesh.store, publish: owner.router.publish }
})

/** How a publication that was put in line here ends; a second answer is a defect. */
const submit = (owner: MeshRouter, wanted: Message) => {
  const answers: Array<string> = []
  owner.router.submit(wanted, (exit) => answers.push(wordsOf(exit)))
  return () => {
    assert.isAtMost(answers.length, 1, "answered once")
    return answers[0]
  }
}

const wordsOf = (exit: Exit.Exit<Accepted, Failure | Moved>): string => {
  if (Exit.isSuccess(exit)) {
    return `${exit.value.duplicate ? "again " : ""}${exit.value.position.offset}`
  }
  const refused = exit.cause.reasons.find(Cause.isFailReason)?.error
  return refused instanceof Moved ? `moved to ${refused.owner}` : String(refused?.code)
}

const stored = (store: Store.SharedStore) =>
  Effect.map(store.stored(lobby), (all) => all.map(textOf))

const limits = { limit: 1_000, maxBytes: 1e9 }

/** Somebody reads the log, which is how its owner finds out. */
const look = Effect.fnUntraced(function* ({ router }: MeshRouter) {
  yield* router.read(lobby, { _tag: "Last", count: 1 }, limits)
  yield* Mesh.settled
})

/** Another router has taken the shard, and this one has not heard of it. */
const another = (store: Store.SharedStore) => {
  const shard = shardOf(lobby)
  const term = (store.records.get(shard)?.term ?? 0) + 4_096
  store.records.set(shard, { node: "r2", term, view: 2 })
}

const test = (title: string, body: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.effect(title, () => body)

describe("an append whose answer is lost", () => {
  test(
    "is delivered once and acknowledged, if it happened",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      yield* publish(message("a"))
      store.appends.push(Store.loseAnswer)
      const accepted = yield* publish(message("b"))
      assert.isFalse(accepted.duplicate)
      assert.strictEqual(accepted.position.offset, 2)
      yield* publish(message("c"))
      assert.deepStrictEqual(yield* shown(lane), ["attached at 0", "a at 1", "b at 2", "c at 3"])
      assert.deepStrictEqual(yield* stored(store), ["a", "b", "c"])
    })
  )

  test(
    "is made once more if it did not happen, before what came after it",
    Effect.gen(function* () {
      const { owner, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      store.appends.push(Store.loseCall)
      const answers = ["a", "b", "c"].map((id) => submit(owner, message(id)))
      yield* Mesh.settled
      assert.deepStrictEqual(
        answers.map((answer) => answer()),
        ["1", "2", "3"]
      )
      assert.deepStrictEqual(yield* shown(lane), ["attached at 0", "a at 1", "b at 2", "c at 3"])
    })
  )

  for (const [title, fault] of [
    ["happened", Store.loseAnswer],
    ["did not happen", Store.loseCall]
  ] as const) {
    test(
      `is in the log once though nothing in it has an id, whether it ${title}`,
      Effect.gen(function* () {
        const { owner, store } = yield* alone()
        store.appends.push(fault)
        const answers = ["x", "y"].map((text) => submit(owner, message("", lobby, text)))
        yield* Mesh.settled
        assert.deepStrictEqual(
          answers.map((answer) => answer()),
          ["1", "2"]
        )
        assert.deepStrictEqual(yield* stored(store), ["x", "y"])
      })
    )
  }

  test(
    "is delivered all the same if it lands after it was given up",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      yield* publish(message("a"))
      // It is on its way still when the log is looked at, and arrives before the next one.
      let late: Effect.Effect<unknown, unknown> = Effect.void
      store.appends.push((call) => {
        late = call
        return Effect.fail(Store.unavailable)
      })
      const answer = submit(owner, message("b"))
      yield* Mesh.settled
      assert.isDefined(answer())
      yield* Effect.ignore(late)
      yield* publish(message("c"))
      assert.deepStrictEqual(yield* shown(lane), ["attached at 0", "a at 1", "b at 2", "c at 3"])
      assert.deepStrictEqual(yield* stored(store), ["a", "b", "c"])
    })
  )

  test(
    "is refused when the log does not answer at all, with all behind it, and found later",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      yield* publish(message("a"))
      store.appends.push(Store.loseAnswer)
      store.heads.push(() => Effect.never)
      const first = submit(owner, message("b"))
      yield* Mesh.settled
      const behind = submit(owner, message("c"))
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual([first(), behind()], ["unavailable", "aborted"])
      assert.strictEqual((yield* publish(message("d"))).position.offset, 3)
      assert.deepStrictEqual(yield* shown(lane), ["attached at 0", "a at 1", "b at 2", "d at 3"])
    })
  )
})

describe("a log that has lost its tail", () => {
  test(
    "is given it again, exactly as it was, and nobody notices",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      for (const id of ["a", "b", "c"]) yield* publish(message(id))
      const before = yield* store.stored(lobby)
      yield* store.loseTail(lobby, 1)
      yield* owner.router.checkLogs
      yield* Mesh.settled
      assert.deepStrictEqual(yield* store.stored(lobby), before)
      assert.deepStrictEqual(yield* shown(lane), ["attached at 0", "a at 1", "b at 2", "c at 3"])
    })
  )

  test(
    "is given it again before the next publication, and knows the ids of it",
    Effect.gen(function* () {
      const { publish, store } = yield* alone()
      for (const id of ["a", "b", "c"]) yield* publish(message(id))
      yield* store.loseTail(lobby, 0)
      yield* publish(message("d"))
      assert.deepStrictEqual(yield* stored(store), ["a", "b", "c", "d"])
      assert.isTrue((yield* publish(message("b"))).duplicate)
    })
  )

  test(
    "is given more than one batch of it, though the middle is lost once more",
    Effect.gen(function* () {
      const { owner, store } = yield* alone()
      const ids = Array.from({ length: 700 }, (_, n) => `m-${n}`)
      for (const id of ids) submit(owner, message(id))
      yield* Mesh.settled
      yield* store.loseTail(lobby, 0)
      store.appends.push((call) => call, Store.loseAnswer)
      yield* owner.router.checkLogs
      yield* Mesh.settled
      yield* Effect.ignore(owner.router.read(lobby, { _tag: "Last", count: 1 }, limits))
      yield* Mesh.settled
      assert.deepStrictEqual(yield* stored(store), ids)
    })
  )

  test(
    "judges nobody who comes back before it has it again",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const accepted = []
      for (const id of ["a", "b", "c"]) accepted.push(yield* publish(message(id)))
      yield* store.loseTail(lobby, 1)
      const lane = yield* follow(owner, lobby, accepted[1]!.position)
      assert.deepStrictEqual(yield* shown(lane), ["attached at 3", "c at 3"])
    })
  )

  test(
    "that nobody remembers goes on under another term, and tells its followers",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lanes = [yield* follow(owner, lobby), yield* follow(owner, lobby)]
      const first = yield* publish(message("a"))
      for (const id of ["b", "c"]) yield* publish(message(id))
      yield* TestClock.adjust("16 seconds")
      yield* owner.router.forgetIdle
      for (const lane of lanes) yield* shown(lane)
      yield* store.loseTail(lobby, 1)
      yield* look(owner)
      const next = yield* publish(message("d"))
      assert.strictEqual(next.position.offset, 2)
      assert.strictEqual(next.position.epoch, first.position.epoch)
      assert.isAbove(next.position.term, first.position.term)
      for (const lane of lanes) {
        assert.deepStrictEqual(yield* shown(lane), ["gap rolled_back to 1", "d at 2"])
      }
    })
  )

  test(
    "that is another life of it is ended, and another one begun",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      const first = yield* publish(message("a"))
      yield* shown(lane)
      yield* store.replaceLog(lobby, { epoch: "other", term: 1, offset: 7 })
      yield* look(owner)
      const next = yield* publish(message("b"))
      assert.strictEqual(next.position.offset, 1)
      assert.notInclude([first.position.epoch, "other"], next.position.epoch)
      assert.deepStrictEqual(yield* shown(lane), ["gap epoch_changed to 0", "b at 1"])
    })
  )

  test(
    "with everything else, the records of its shards too, goes on",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      const first = yield* publish(message("a"))
      yield* shown(lane)
      store.records.clear()
      yield* store.logged.release(lobby)
      yield* look(owner)
      const next = yield* publish(message("b"))
      assert.isAbove(next.position.term, first.position.term)
      assert.deepStrictEqual(yield* shown(lane), ["gap epoch_changed to 0", "b at 1"])
    })
  )
})

describe("a router whose shard is another's", () => {
  test(
    "answers what waits with moved, and says nothing of the shard after that",
    Effect.gen(function* () {
      const { mesh, owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      yield* publish(message("a"))
      yield* shown(lane)
      another(store)
      const answers = ["b", "c"].map((id) => submit(owner, message(id)))
      yield* Mesh.settled
      yield* mesh.start("r2", viewOf(2, "r2"))
      yield* SubscriptionRef.set(owner.view, viewOf(2, "r2"))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(
        answers.map((answer) => answer()),
        ["moved to r2", "moved to r2"]
      )
      assert.deepStrictEqual(yield* shown(lane), ["moved to r2"])
      assert.strictEqual(submit(owner, message("d"))(), "moved to r2")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* shown(lane), [])
    })
  )

  test(
    "takes it again under a higher term if only the record is lost, and goes on",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const lane = yield* follow(owner, lobby)
      const first = yield* publish(message("a"))
      store.records.delete(shardOf(lobby))
      const answers = ["b", "c"].map((id) => submit(owner, message(id)))
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(
        answers.map((answer) => answer()),
        ["2", "3"]
      )
      assert.isAbove(store.records.get(shardOf(lobby))!.term, first.position.term)
      assert.deepStrictEqual(yield* shown(lane), ["attached at 0", "a at 1", "b at 2", "c at 3"])
    })
  )

  test(
    "finds a record that is lost though nobody uses the shard",
    Effect.gen(function* () {
      const { store } = yield* alone()
      store.records.clear()
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(store.records.size, 1_024)
    })
  )

  test(
    "refuses what waits once nobody can say for a second whose it is",
    Effect.gen(function* () {
      const store = new Store.SharedStore()
      store.onRecords = () => Effect.fail(Store.unavailable)
      const mesh = yield* Mesh.makeMesh({ store })
      const owner = yield* mesh.start("r1", viewOf(1, "r1"))
      const answers = ["a", "b"].map((id) => submit(owner, message(id)))
      yield* TestClock.adjust("900 millis")
      assert.deepStrictEqual(
        answers.map((answer) => answer()),
        [undefined, undefined]
      )
      yield* TestClock.adjust("200 millis")
      assert.deepStrictEqual(
        answers.map((answer) => answer()),
        ["unavailable", "unavailable"]
      )
      store.onRecords = (call) => call
      yield* TestClock.adjust("100 millis")
      assert.strictEqual((yield* owner.router.publish(message("c"))).position.offset, 1)
    })
  )
})

describe("a router that could not tell for 2 s that it lives", () => {
  test(
    "refuses publications and judgements of logged channels, and goes on with the others",
    Effect.gen(function* () {
      const { owner, publish, store } = yield* alone()
      const logged = yield* follow(owner, lobby)
      const unlogged = yield* follow(owner, "live:ticker")
      const { position } = yield* publish(message("a"))
      yield* publish(message("t1", "live:ticker"))
      owner.heartbeatAge = 2_001
      const refused = yield* Effect.flip(publish(message("b")))
      assert.strictEqual(refused.code, "unavailable")
      yield* publish(message("t2", "live:ticker"))
      const back = yield* follow(owner, lobby, position)
      const read = yield* Effect.exit(owner.router.resume(lobby, position, limits))
      assert.isTrue(Exit.isFailure(read))
      assert.deepStrictEqual(yield* shown(back), [])
      assert.deepStrictEqual(yield* shown(logged), ["attached at 0", "a at 1"])
      assert.deepStrictEqual(yield* shown(unlogged), ["attached at 0", "t1 at 1", "t2 at 2"])
      owner.heartbeatAge = 2_000
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* shown(back))[0], "attached at 1")
      assert.strictEqual((yield* publish(message("c"))).position.offset, 2)
      assert.deepStrictEqual(yield* stored(store), ["a", "c"])
    })
  )
})
