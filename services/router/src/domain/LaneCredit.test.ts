import { assert, describe, it } from "@effect/vitest"
import { LaneCredit, shareBytes } from "./LaneCredit.ts"

const window = 2 * shareBytes

const makeCredit = () => {
  const credit = new LaneCredit()
  credit.grant(window)
  return { credit, hot: { onWay: 0 }, quiet: { onWay: 0 } }
}

describe("the credit of a lane", () => {
  it("is used up by what is sent, and comes back", () => {
    const { credit, hot, quiet } = makeCredit()
    credit.take(hot, shareBytes - 1)
    credit.take(quiet, shareBytes)
    assert.isTrue(credit.allows(hot))
    credit.take(hot, 10)
    assert.deepStrictEqual([credit.hasAny, credit.allows(hot)], [false, false])
    credit.grant(100)
    assert.deepStrictEqual([credit.hasAny, credit.allows(hot)], [true, true])
  })

  it("leaves the others their share beside a channel that has filled its own", () => {
    const { credit, hot, quiet } = makeCredit()
    credit.take(hot, shareBytes)
    assert.deepStrictEqual([credit.allows(hot), credit.allows(quiet)], [false, true])
    credit.take(quiet, 1_000)
    credit.grant(1)
    assert.isTrue(credit.allows(hot))
  })

  it("comes back to who had it, in the order in which it was taken", () => {
    const { credit, hot, quiet } = makeCredit()
    credit.take(hot, 100)
    credit.take(hot, 200)
    credit.take(quiet, 50)
    credit.take(hot, 10)
    credit.grant(290)
    assert.deepStrictEqual([hot.onWay, quiet.onWay], [20, 50])
    credit.grant(40)
    assert.deepStrictEqual([hot.onWay, quiet.onWay], [10, 20])
    credit.grant(30)
    assert.deepStrictEqual([hot.onWay, quiet.onWay], [0, 0])
  })

  it("counts right over many small ones of different channels", () => {
    const { credit, hot, quiet } = makeCredit()
    for (let round = 0; round < 10_000; round++) {
      credit.take(hot, 3)
      credit.take(quiet, 2)
      if (round % 100 === 99) credit.grant(500)
      assert.strictEqual(hot.onWay, 3 * ((round + 1) % 100))
      assert.strictEqual(quiet.onWay, 2 * ((round + 1) % 100))
    }
  })
})
