import { assert, describe, it } from "@effect/vitest"
import { atRest, due, MIN_MS, moved } from "./CursorPace.ts"

const spot = (x: number) => ({ x, y: 0, waves: 0 })

describe("CursorPace", () => {
  it("tells the first move at once", () => {
    const step = moved(atRest, spot(1), 0)

    assert.deepStrictEqual(step.tell, spot(1))
    assert.isUndefined(step.waitMs)
  })

  it("holds back what comes too soon, asks once to be woken, and then tells the newest", () => {
    const first = moved(atRest, spot(1), 0)
    const second = moved(first.pace, spot(2), 10)
    const third = moved(second.pace, spot(3), 20)
    const woken = due(third.pace, MIN_MS)

    assert.isUndefined(second.tell)
    assert.strictEqual(second.waitMs, MIN_MS - 10)
    assert.isUndefined(third.waitMs)
    assert.deepStrictEqual(woken.tell, spot(3))
    assert.isUndefined(due(woken.pace, 2 * MIN_MS).tell)
  })

  it("tells no more than twenty in a second of a hand that never stops", () => {
    let { pace } = moved(atRest, spot(0), 0)
    let told = 1
    for (let now = 1; now < 1_000; now++) {
      const step = moved(pace, spot(now), now)
      pace = step.pace
      if (step.tell !== undefined) told++
    }

    assert.strictEqual(told, 1_000 / MIN_MS)
  })
})
