import { assert, describe, it } from "@effect/vitest"
import { failure } from "@weir/core/Failure"
import { Effect, Fiber, Layer, Queue, Stream } from "effect"
import { layerMemory } from "./ports/MemoryRestrictionStore.ts"
import { RestrictionStore } from "./ports/RestrictionStore.ts"
import { RestrictionList } from "./RestrictionList.ts"

const ban = (value: string) => ({
  ...{ kind: "ban" as const, target: { type: "user" as const, value } },
  ...{ forMs: 0, issuedBefore: 0, reason: "" }
})

/** A store that cannot be read at first. */
const closed = (isOpen: () => boolean) =>
  Layer.effect(
    RestrictionStore,
    Effect.map(RestrictionStore, (store) => ({
      ...store,
      since: (version) =>
        isOpen() ? store.since(version) : Effect.fail(failure("unavailable", "no store"))
    }))
  ).pipe(Layer.provide(layerMemory))

describe("RestrictionList", () => {
  it.effect(
    "says nothing before it has read what was kept, so that nobody takes that for none",
    () => {
      let isOpen = false
      return Effect.gen(function* () {
        const { changes, held, refresh, restrict } = yield* RestrictionList
        const seen = yield* Queue.unbounded<ReadonlyArray<string>>()
        const listening = yield* Stream.runForEach(changes, ({ put }) =>
          Queue.offer(
            seen,
            put.map(({ target }) => target.value)
          )
        ).pipe(Effect.forkChild)
        yield* restrict(ban("ann"))
        yield* Effect.flip(refresh)
        yield* Effect.yieldNow
        assert.deepStrictEqual([held(), Queue.sizeUnsafe(seen)], [undefined, 0])

        isOpen = true
        yield* refresh

        assert.deepStrictEqual(yield* Queue.take(seen), ["ann"])
        assert.strictEqual(held()?.size, 1)
        yield* Fiber.interrupt(listening)
      }).pipe(
        Effect.provide(
          Layer.provide(
            RestrictionList.layer,
            closed(() => isOpen)
          )
        )
      )
    }
  )

  it.effect("tells that there are none, too", () =>
    Effect.gen(function* () {
      const { changes, refresh } = yield* RestrictionList
      yield* refresh
      const first = yield* Effect.flatMap(Stream.runHead(changes), Effect.fromOption)
      assert.deepStrictEqual(first, { isWhole: true, put: [], lifted: [] })
    }).pipe(Effect.provide(Layer.provide(RestrictionList.layer, layerMemory)))
  )
})
