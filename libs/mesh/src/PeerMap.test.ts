import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as PeerMap from "./PeerMap.ts"

const counted = Effect.fnUntraced(function* () {
  const open: Array<string> = []
  const peers = yield* PeerMap.make("test", (address) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        open.push(address)
        return { address }
      }),
      () => Effect.sync(() => open.splice(open.indexOf(address), 1))
    )
  )
  return { open, peers }
})

describe("a client for each peer", () => {
  it.effect("is opened once for its address, for whoever comes", () =>
    Effect.gen(function* () {
      const { open, peers } = yield* counted()
      const first = peers.get("a")
      assert.strictEqual(yield* peers.use("a", Effect.succeed), first)
      assert.notStrictEqual(peers.get("b"), first)
      assert.deepStrictEqual(open, ["a", "b"])
    })
  )

  it.effect("is closed once nobody has used it for a while, but never in use", () =>
    Effect.gen(function* () {
      const { open, peers } = yield* counted()
      const done = yield* Deferred.make<void>()
      peers.get("a")
      const using = yield* Effect.forkChild(
        peers.use("b", () => Deferred.await(done)),
        { startImmediately: true }
      )
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(open, ["b"])
      yield* Deferred.succeed(done, undefined)
      yield* Fiber.join(using)
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(open, ["b"])
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(open, [])
    })
  )

  it.effect("is closed with the map, and whoever comes later is given a closed one", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { open, peers } = yield* Scope.provide(counted(), scope)
      peers.get("a")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(open, [])
      peers.get("b")
      assert.deepStrictEqual(open, [])
    })
  )

  it.effect("is not there without an address", () =>
    Effect.gen(function* () {
      const { peers } = yield* counted()
      const refused = yield* Effect.flip(peers.use(undefined, Effect.succeed))
      assert.strictEqual(refused.code, "unavailable")
    })
  )
})
