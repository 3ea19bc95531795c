import { assert, describe, it } from "@effect/vitest"
import { becameOf, paceOf } from "./SlowOnes.ts"
import { Subscriber } from "./Subscriber.ts"

describe("paceOf", () => {
  it.each([
    [1_000, 100, 5],
    [20, 2, 1],
    [4, 0, 1],
    [10, 0, 0]
  ])("has of %i subscribers %i read slowly and %i stop, spread over all", (all, slow, stopped) => {
    const paces = Array.from({ length: all }, (_, place) => paceOf(place, all, slow, stopped))

    const count = (pace: string) => paces.filter((it) => it === pace).length
    assert.deepStrictEqual([count("slow"), count("stopped")], [slow, stopped])
    const firstHalf = paces.slice(0, all / 2).filter((it) => it !== "healthy").length
    assert.closeTo(firstHalf, (slow + stopped) / 2, 1)
  })
})

/** It was given these. */
const given = (...sequences: ReadonlyArray<number>): Subscriber => {
  const subscriber = new Subscriber("live:bench", 2)
  for (const sequence of sequences) {
    subscriber.account.give(sequence)
    subscriber.lastOfKey[sequence % 2] = sequence
  }
  return subscriber
}

describe("becameOf", () => {
  it("tells those who lack something by whether anybody has said so", () => {
    const whole = given(0, 1, 2, 3)
    const silent = given(0, 3)
    const told = given(0, 1)
    told.account.tell({ from: 3, to: 4 })
    const ended = given(0, 1)
    ended.ended = "closed with 3008 slow_consumer"

    assert.deepStrictEqual(becameOf([whole, silent, told, ended], 4), {
      ...{ count: 4, complete: 1, gaps: 1, closed: 1, silent: 1 },
      reasons: { "closed with 3008 slow_consumer": 1 },
      // The silent one has the newest of one key, and nothing of the other.
      ...{ newest: 1, received: 10, told: 2, gapFrames: 1, unaccounted: 2, misordered: 0 }
    })
  })

  it("asks of who was sent away only for what it lacks before its end", () => {
    const ended = given(0, 2)
    ended.ended = "closed with 3008 slow_consumer"

    assert.strictEqual(becameOf([ended], 9).unaccounted, 1)
  })
})
