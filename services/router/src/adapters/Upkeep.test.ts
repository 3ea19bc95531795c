import { assert, describe, it } from "@effect/vitest"
import { Upkeep } from "./Upkeep.ts"

const windowMs = 1_000

/** What is due at a time, of which nothing fails. */
const doneAt = (upkeep: Upkeep, nowMs: number) => {
  const due = upkeep.take("chat:lobby", windowMs, nowMs)
  upkeep.made("chat:lobby", due, nowMs)
  return [due.turns, due.expiries]
}

describe("what an owner does to a channel's keys now and then", () => {
  it("sets the expiries at once and then every minute", () => {
    const upkeep = new Upkeep()
    const at = [0, 1, 59_999, 60_000, 60_001, 120_000]
    assert.deepStrictEqual(
      at.map((ms) => doneAt(upkeep, 70_000 + ms)[1]),
      [true, false, false, true, false, true]
    )
  })

  it("turns the ids once in each window, and twice when more have passed", () => {
    const upkeep = new Upkeep()
    const at = [0, 999, 1_000, 1_999, 2_000, 3_999, 4_000, 9_000]
    assert.deepStrictEqual(
      at.map((ms) => doneAt(upkeep, 70_000 + ms)[0]),
      [0, 0, 1, 0, 1, 1, 0, 2]
    )
  })

  it("has due again what was not made", () => {
    const upkeep = new Upkeep()
    assert.deepStrictEqual(upkeep.take("a", windowMs, 0), { turns: 0, expiries: true })
    const due = upkeep.take("a", windowMs, 1_500)
    assert.deepStrictEqual(due, { turns: 1, expiries: true })
    upkeep.giveBack("a", due)
    assert.deepStrictEqual(upkeep.take("a", windowMs, 1_600), due)
  })

  it("counts turns as made until it is known that they were not", () => {
    const upkeep = new Upkeep()
    upkeep.take("a", windowMs, 0)
    assert.strictEqual(upkeep.take("a", windowMs, 1_500).turns, 1)
    assert.strictEqual(upkeep.take("a", windowMs, 1_600).turns, 0)
  })

  it("begins anew with what was forgotten", () => {
    const upkeep = new Upkeep()
    doneAt(upkeep, 0)
    upkeep.forget("chat:lobby")
    assert.deepStrictEqual(doneAt(upkeep, 5_000), [0, true])
  })
})
