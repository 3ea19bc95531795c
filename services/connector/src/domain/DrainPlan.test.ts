import { assert, describe, it } from "@effect/vitest"
import { drainLimitMs } from "@weir/core/DrainSettings"
import { endedBy, planDrain, toldBy } from "./DrainPlan.ts"

describe("the plan of a drain", () => {
  it.each([
    ["nobody", 0, 0],
    ["two tabs", 2, 18],
    ["a few", 500, 4_500],
    ["the usual", 5_000, 45_000],
    ["many", 50_000, 45_000]
  ])("gives %s their time, and never more than the window", (_, count, windowMs) => {
    assert.strictEqual(planDrain(count, 45).windowMs, windowMs)
  })

  it.each([1, 2, 300, 5_000, 20_000])("tells %i of them evenly, each of them once", (count) => {
    const plan = planDrain(count, 45)
    for (let elapsed = 0; elapsed < plan.windowMs; elapsed += plan.windowMs / 97) {
      const even = (elapsed * count) / plan.windowMs
      const told = toldBy(plan, elapsed)
      assert.isTrue(told >= even && told <= even + 1, `${told} at ${elapsed}`)
    }
    assert.strictEqual(toldBy(plan, plan.windowMs), count)
    assert.strictEqual(toldBy(plan, 10 * plan.windowMs), count)
  })

  it("ends each connection a notice after it was told, and not before", () => {
    const plan = planDrain(5_000, 45)
    assert.strictEqual(endedBy(plan, plan.noticeMs - 1), 0)
    for (const elapsed of [0, 1, 17, 20_000, 44_999, 45_000]) {
      assert.strictEqual(endedBy(plan, elapsed + plan.noticeMs), toldBy(plan, elapsed))
    }
  })

  it.each([0, 1, 7, 5_000, 100_000])("is over for %i of them within its limit", (count) => {
    for (const windowSeconds of [0, 1, 45]) {
      const settings = { settleSeconds: 0, windowSeconds }
      assert.strictEqual(endedBy(planDrain(count, windowSeconds), drainLimitMs(settings)), count)
    }
  })

  it("sends all away at once where there is no window", () => {
    const plan = planDrain(5_000, 0)
    assert.deepStrictEqual([toldBy(plan, 0), endedBy(plan, 0)], [5_000, 5_000])
  })
})
