import { assert, describe, it } from "@effect/vitest"
import { failure } from "@weir/core/Failure"
import { Effect, Exit, Fiber } from "effect"
import { ForwardResults } from "./ForwardResults.ts"

const accepted = (offset: number, { duplicate = false, epoch = "e", term = 1 } = {}) =>
  Exit.succeed({ position: { epoch, term, offset }, duplicate })

const refused = Exit.fail(failure("unavailable", "the log is away"))

/** What each result stands for: its first id, and how many. */
const spans = (results: ForwardResults) =>
  Effect.map(results.take, (some) => some.map(({ id, more }) => [id, 1 + more]))

describe("answers to what was forwarded", () => {
  it.effect("are one for what was appended in a row", () =>
    Effect.gen(function* () {
      const results = new ForwardResults()
      for (let n = 0; n < 5; n++) results.add(10 + n, accepted(100 + n))
      assert.deepStrictEqual(yield* results.take, [
        {
          id: 10,
          result: {
            $case: "accepted",
            value: { position: { epoch: "e", term: 1, offset: 100 }, duplicate: false }
          },
          more: 4
        }
      ])
    })
  )

  it.effect.each([
    ["an id is left out", accepted(2), 12],
    ["an offset is left out", accepted(3), 11],
    ["it was there before", accepted(2, { duplicate: true }), 11],
    ["the epoch is another", accepted(2, { epoch: "f" }), 11],
    ["the term is another", accepted(2, { term: 2 }), 11],
    ["it was refused", refused, 11]
  ] as const)("are apart where %s", ([, second, id]) =>
    Effect.gen(function* () {
      const results = new ForwardResults()
      results.add(10, accepted(1))
      results.add(id, second)
      results.add(id + 1, accepted(9))
      assert.deepStrictEqual(yield* spans(results), [
        [10, 1],
        [id, 1],
        [id + 1, 1]
      ])
    })
  )

  it.effect("are waited for, and leave in messages that are not too long", () =>
    Effect.gen(function* () {
      const results = new ForwardResults()
      const first = yield* Effect.forkChild(spans(results), { startImmediately: true })
      for (let n = 0; n < 300; n++) results.add(2 * n, accepted(n))
      assert.strictEqual((yield* Fiber.join(first)).length, 256)
      assert.strictEqual((yield* spans(results)).length, 44)
    })
  )
})
