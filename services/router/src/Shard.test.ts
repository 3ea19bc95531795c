import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Shard, type ShardState } from "./Shard.ts"

const inState = (state: ShardState): Shard => {
  const shard = new Shard(3)
  if (state === "awaiting") shard.await(5)
  if (state === "owned" || state === "sealed") shard.own(4_096)
  if (state === "sealed") shard.seal()
  return shard
}

describe("Shard", () => {
  it.each([
    ["idle", false],
    ["awaiting", true],
    ["owned", true],
    ["sealed", false]
  ] as const)("takes in what arrives while %s: %s", (state, isOurs) => {
    const shard = inState(state)
    assert.strictEqual(shard.state, state)
    assert.strictEqual(shard.isOurs, isOurs)
  })

  it("keeps its last term after it is gone, and the highest of anybody", () => {
    const shard = inState("owned")
    shard.saw(8_192)
    shard.saw(6_144)
    shard.seal()
    shard.leave()
    assert.strictEqual(shard.state, "idle")
    assert.strictEqual(shard.term, 4_096)
    assert.strictEqual(shard.highestTerm, 8_192)
    shard.own(10_240)
    assert.strictEqual(shard.highestTerm, 10_240)
  })

  it.effect("lets wait until it is owned, each time anew", () =>
    Effect.gen(function* () {
      const shard = inState("awaiting")
      const waiting = yield* Effect.forkChild(shard.whenOwned, { startImmediately: true })
      assert.isUndefined(waiting.pollUnsafe())
      shard.own(4_096)
      yield* Fiber.join(waiting)
      yield* shard.whenOwned
      shard.await(9)
      const again = yield* Effect.forkChild(shard.whenOwned, { startImmediately: true })
      yield* Effect.yieldNow
      assert.isUndefined(again.pollUnsafe())
      yield* Fiber.interrupt(again)
    })
  )

  it.effect("lets wait until it is ours by the view, owned or not", () =>
    Effect.gen(function* () {
      for (const state of ["awaiting", "owned"] as const) yield* inState(state).whenOurs
      for (const state of ["idle", "sealed"] as const) {
        const waiting = yield* Effect.forkChild(inState(state).whenOurs, { startImmediately: true })
        yield* Effect.yieldNow
        assert.isUndefined(waiting.pollUnsafe(), state)
        yield* Fiber.interrupt(waiting)
      }
    })
  )
})
