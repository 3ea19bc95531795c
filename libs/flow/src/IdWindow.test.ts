import { assert, describe, it } from "@effect/vitest"
import { IdWindow } from "./IdWindow.ts"

describe("IdWindow", () => {
  it("numbers in a row, also after all have come back", () => {
    const window = new IdWindow<string>()

    assert.deepStrictEqual([window.add("a"), window.add("b")], [1, 2])
    assert.deepStrictEqual([window.take(2), window.take(1)], ["b", "a"])
    assert.strictEqual(window.add("c"), 3)
    assert.strictEqual(window.take(3), "c")
  })

  it("gives each out once, and nothing for a number that it has not given", () => {
    const window = new IdWindow<string>()
    window.add("a")

    assert.deepStrictEqual(
      [window.take(0), window.take(2), window.take(1), window.take(1)],
      [undefined, undefined, "a", undefined]
    )
  })

  it("finds all of many that come back in any order while others leave", () => {
    const window = new IdWindow<number>()
    const under: Array<number> = []
    let seed = 7
    const below = (bound: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % bound
    }
    for (let n = 1; n <= 20_000; n++) {
      assert.strictEqual(window.add(n), n)
      under.push(n)
      while (under.length > 0 && (under.length > 3_000 || below(3) === 0)) {
        const [id] = under.splice(below(Math.min(under.length, 50)), 1)
        assert.strictEqual(window.take(id!), id)
      }
    }
    assert.deepStrictEqual(window.takeAll(), under)
    assert.strictEqual(window.add(0), 20_001)
  })

  it("gives what is left in the order in which it was added", () => {
    const window = new IdWindow<string>()
    for (const item of ["a", "b", "c"]) window.add(item)
    window.take(2)

    assert.deepStrictEqual(window.takeAll(), ["a", "c"])
    assert.deepStrictEqual(window.takeAll(), [])
    assert.strictEqual(window.add("d"), 4)
  })
})
