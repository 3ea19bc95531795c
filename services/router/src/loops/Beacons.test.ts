import { assert, describe, it } from "@effect/vitest"
import { Effect, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as Mesh from "../RouterMesh.fixture.ts"
import { follow, message, shown, viewOf } from "../RouterMesh.fixture.ts"

const lobby = "chat:lobby"

const published = Effect.fnUntraced(function* () {
  const mesh = yield* Mesh.makeMesh()
  const owner = yield* mesh.start("r1", viewOf(1, "r1"))
  yield* Mesh.settled
  const lane = yield* follow(owner, lobby)
  yield* owner.router.publish(message("a"))
  yield* shown(lane)
  return { mesh, owner, lane, publish: owner.router.publish }
})

describe("beacons", () => {
  it.effect("come 1 s and 3 s after the last publication, and then never again", () =>
    Effect.gen(function* () {
      const { lane } = yield* published()
      yield* TestClock.adjust("900 millis")
      assert.deepStrictEqual(yield* shown(lane), [])
      yield* TestClock.adjust("400 millis")
      assert.deepStrictEqual(yield* shown(lane), ["beacon 1"])
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual(yield* shown(lane), [])
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(yield* shown(lane), ["beacon 1"])
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* shown(lane), [])
    })
  )

  it.effect("begin anew with every publication", () =>
    Effect.gen(function* () {
      const { lane, publish } = yield* published()
      for (let n = 2; n <= 5; n++) {
        yield* TestClock.adjust("700 millis")
        yield* publish(message(`m-${n}`))
      }
      assert.deepStrictEqual(yield* shown(lane), ["m-2 at 2", "m-3 at 3", "m-4 at 4", "m-5 at 5"])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* shown(lane), ["beacon 5", "beacon 5"])
      yield* publish(message("late"))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* shown(lane), ["late at 6", "beacon 6", "beacon 6"])
    })
  )

  it.effect("are not for those that are behind, which are read from the log anyway", () =>
    Effect.gen(function* () {
      const { owner, publish } = yield* published()
      const slow = yield* owner.router.openLane("connector-2")
      owner.router.attach(slow, { channel: lobby, since: undefined, attach: 1 })
      yield* Mesh.settled
      yield* publish(message("b"))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* shown(slow), ["attached at 1"])
    })
  )

  it.effect("are not sent by a router that has given the channel away", () =>
    Effect.gen(function* () {
      const { lane, mesh, owner } = yield* published()
      yield* mesh.start("r2", viewOf(2, "r2"))
      yield* SubscriptionRef.set(owner.view, viewOf(2, "r2"))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* shown(lane), ["moved to r2"])
    })
  )
})
