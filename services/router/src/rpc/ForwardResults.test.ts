import { assert, describe, it } from "@effect/vitest"
import { failure } from "@weir/core/Failure"
import { ForwardResponse } from "@weir/proto/mesh/v1/router"
import { Effect, Exit } from "effect"
import { ForwardResults } from "./ForwardResults.ts"

const accepted = (offset: number, { duplicate = false, epoch = "e", term = 1 } = {}) =>
  Exit.succeed({ position: { epoch, term, offset }, duplicate })

const refused = Exit.fail(failure("unavailable", "the log is away"))

const taken = (results: ForwardResults) =>
  results.take().flatMap((bytes) => ForwardResponse.decode(bytes).results)

/** What each result stands for: its first id, and how many. */
const spans = (results: ForwardResults) => taken(results).map(({ id, more }) => [id, 1 + more])

describe("answers to what was forwarded", () => {
  it.effect("are one for what was appended in a row", () =>
    Effect.gen(function* () {
      const results = new ForwardResults()
      for (let n = 0; n < 5; n++) results.add(10 + n, accepted(100 + n))
      assert.deepStrictEqual(taken(results), [
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
      assert.deepStrictEqual(spans(results), [
        [10, 1],
        [id, 1],
        [id + 1, 1]
      ])
    })
  )

  it("leave in messages that are not too long, and say so while there is one more", () => {
    const results = new ForwardResults()
    let told = 0
    results.onItems = () => told++
    for (let n = 0; n < 300; n++) results.add(2 * n, accepted(n))
    assert.strictEqual(told, 300)
    assert.strictEqual(spans(results).length, 256)
    assert.strictEqual(told, 301)
    assert.strictEqual(spans(results).length, 44)
    assert.strictEqual(told, 301)
    assert.deepStrictEqual(results.take(), [])
  })
})
