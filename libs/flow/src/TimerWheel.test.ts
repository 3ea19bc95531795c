import { assert, describe, it } from "@effect/vitest"
import { notInWheel, TimerWheel } from "./TimerWheel.ts"

const thing = (name: string) => ({ name, slot: notInWheel })

const makeWheel = (nowMillis = 0) =>
  new TimerWheel<ReturnType<typeof thing>>({ tickMs: 10, slots: 8, nowMillis })

const names = (things: ReadonlyArray<{ readonly name: string }>) => things.map(({ name }) => name)

describe("a timer wheel", () => {
  it.each([1, 9, 10, 11, 35, 79, 80])("gives what is due at %i ms then, and not before", (due) => {
    const wheel = makeWheel()
    wheel.add(thing("a"), due)
    let now = 0
    while (wheel.take(now).length === 0) now++

    assert.isAtLeast(now, due)
    assert.isBelow(now, due + 10)
    assert.deepStrictEqual(wheel.take(now + 1_000), [])
  })

  it("gives what was due already with the next tick", () => {
    const wheel = makeWheel(1_000)
    wheel.add(thing("late"), 3)

    assert.deepStrictEqual(names(wheel.take(1_009)), [])
    assert.deepStrictEqual(names(wheel.take(1_010)), ["late"])
  })

  it("gives what is due beyond its last slot early, so that it can be put in again", () => {
    const wheel = makeWheel()
    wheel.add(thing("far"), 1_000_000)

    assert.deepStrictEqual(names(wheel.take(79)), [])
    assert.deepStrictEqual(names(wheel.take(80)), ["far"])
  })

  it("gives all that came due in a pause, once", () => {
    const wheel = makeWheel()
    for (const due of [10, 40, 70]) wheel.add(thing(`${due}`), due)

    assert.sameMembers(names(wheel.take(1_000_000)), ["10", "40", "70"])
    assert.deepStrictEqual(wheel.take(1_000_100), [])
  })

  it("moves a thing that is put in again, and lets go of one that is taken out", () => {
    const wheel = makeWheel()
    const [moved, gone] = [thing("moved"), thing("gone")]
    for (const it of [moved, gone]) wheel.add(it, 20)
    wheel.add(moved, 50)
    wheel.delete(gone)
    wheel.delete(gone)

    assert.deepStrictEqual(names(wheel.take(40)), [])
    assert.deepStrictEqual(names(wheel.take(50)), ["moved"])
    assert.deepStrictEqual([moved.slot, gone.slot], [notInWheel, notInWheel])
  })

  it("takes a thing back while it gives it", () => {
    const wheel = makeWheel()
    wheel.add(thing("again"), 10)
    for (const now of [10, 20, 30]) {
      const due = wheel.take(now)
      assert.deepStrictEqual(names(due), ["again"])
      wheel.add(due[0]!, now)
    }
  })

  it("is late by one turn at most when the clock is put back", () => {
    const wheel = makeWheel(10_000)
    wheel.add(thing("a"), 10_030)
    wheel.take(5_000)
    let now = 5_000
    while (wheel.take(now).length === 0) now++

    assert.isAtMost(now, 5_080)
  })
})
