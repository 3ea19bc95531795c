import { assert, describe, it } from "@effect/vitest"
import { DedupeWindow } from "./DedupeWindow.ts"

const at = (offset: number) => ({ epoch: "e1", term: 1, offset })

describe("DedupeWindow", () => {
  it("finds the first position of an id for at least its window", () => {
    const window = new DedupeWindow(1000, 100, 0)
    window.remember("ann", "m-1", at(1), 900)
    assert.deepStrictEqual(window.find("ann", "m-1", 1899), at(1))
  })

  it("forgets an id after at most two windows", () => {
    const window = new DedupeWindow(1000, 100, 0)
    window.remember("ann", "m-1", at(1), 0)
    window.find("ann", "m-1", 1000)
    assert.isUndefined(window.find("ann", "m-1", 2000))
    assert.isTrue(window.isEmpty(2000))
  })

  it("forgets all of it after a long silence", () => {
    const window = new DedupeWindow(1000, 100, 0)
    window.remember("ann", "m-1", at(1), 0)
    assert.isUndefined(window.find("ann", "m-1", 60_000))
  })

  it("keeps publishers apart, whatever their names and ids look like", () => {
    const window = new DedupeWindow(1000, 100, 0)
    window.remember("a", "b:c", at(1), 0)
    assert.isUndefined(window.find("b", "b:c", 0))
    assert.isUndefined(window.find("a:b", "c", 0))
    assert.isUndefined(window.find("ab", ":c", 0))
  })

  it("stays within twice its number of ids", () => {
    const window = new DedupeWindow(1000, 10, 0)
    for (let n = 1; n <= 25; n++) window.remember("ann", `m-${n}`, at(n), 0)
    assert.isUndefined(window.find("ann", "m-5", 0))
    assert.deepStrictEqual(window.find("ann", "m-25", 0), at(25))
  })
})
