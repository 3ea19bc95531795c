import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as KnownView from "./KnownView.ts"
import * as NewerViews from "./NewerViews.ts"

const begin = Effect.fnUntraced(function* (found: number) {
  const known = yield* KnownView.make
  yield* known.offer({ version: 3, nodes: [] })
  let looks = 0
  const look = Effect.suspend(() => {
    looks++
    return known.offer({ version: found, nodes: [] })
  })
  const saw = yield* NewerViews.make({ known, look, patienceMs: 200 })
  return { known, saw, looks: () => looks }
})

describe("NewerViews", () => {
  it.effect("looks once, whoever has said so meanwhile", () =>
    Effect.gen(function* () {
      const { looks, saw } = yield* begin(5)
      saw(4)
      saw(5)
      saw(4)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(looks(), 1)
    })
  )

  it.effect("does not look for what is known, nor for what somebody brings in time", () =>
    Effect.gen(function* () {
      const { known, looks, saw } = yield* begin(5)
      saw(3)
      yield* TestClock.adjust("10 seconds")
      saw(4)
      yield* TestClock.adjust("150 millis")
      yield* known.offer({ version: 4, nodes: [] })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(looks(), 0)
    })
  )

  it.effect("looks again when somebody says so again, if it was not found", () =>
    Effect.gen(function* () {
      const { looks, saw } = yield* begin(3)
      saw(4)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(looks(), 1)
      saw(4)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(looks(), 2)
    })
  )
})
