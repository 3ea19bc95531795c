import { assert, describe, it } from "@effect/vitest"
import { failure } from "@weir/core/Failure"
import { Effect, Exit, Fiber } from "effect"
import { Batch } from "./Batch.ts"

const accepted = (offset: number) =>
  Exit.succeed({ position: { epoch: "e", term: 1, offset }, duplicate: false })

const published = (offset: number) => ({
  result: {
    $case: "published" as const,
    value: { position: { epoch: "e", term: 1, offset }, duplicate: false }
  }
})

describe("a batch of publications", () => {
  it.effect("has its results in the order of the publications, whichever is decided first", () =>
    Effect.gen(function* () {
      const batch = new Batch(3)
      batch.decide(2, accepted(3))
      batch.decide(0, accepted(1))
      batch.decide(1, Exit.fail(failure("too_many_requests", "full", 100)))
      assert.deepStrictEqual(yield* batch.results, [
        published(1),
        {
          result: {
            $case: "failure",
            value: { code: "too_many_requests", message: "full", retryAfterMs: 100 }
          }
        },
        published(3)
      ])
    })
  )

  it.effect("is waited for until the last one is decided", () =>
    Effect.gen(function* () {
      const batch = new Batch(2)
      const waiting = yield* Effect.forkChild(batch.results, { startImmediately: true })
      batch.decide(0, accepted(1))
      assert.isUndefined(waiting.pollUnsafe())
      batch.decide(1, accepted(2))
      assert.deepStrictEqual(yield* Fiber.join(waiting), [published(1), published(2)])
    })
  )

  it.effect("of none is decided at once", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* new Batch(0).results, [])
    })
  )
})
