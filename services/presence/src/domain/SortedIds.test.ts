import { assert, describe, it } from "@effect/vitest"
import { SortedIds } from "./SortedIds.ts"

const count = 5_000
/** Every number below `count` once, far from sorted. */
const shuffled = Array.from({ length: count }, (_, i) => String((i * 3_499) % count))

describe("SortedIds", () => {
  it("reads in order what was added in any order", () => {
    const ids = new SortedIds()
    for (const id of shuffled) ids.add(id)
    assert.deepStrictEqual([...ids.after("")], shuffled.toSorted())
  })

  it.each([
    ["that is there", "b", ["c", "d"]],
    ["that is not there", "bb", ["c", "d"]],
    ["before all", "", ["a", "b", "c", "d"]],
    ["behind all", "d", []]
  ] as const)("reads from behind an id %s", (_title, after, expected) => {
    const ids = new SortedIds()
    for (const id of ["d", "a", "c", "b"]) ids.add(id)
    assert.strictEqual([...ids.after(after)].join(), expected.join())
  })

  it("reads on from wherever the reading stopped", () => {
    const ids = new SortedIds()
    for (const id of shuffled) ids.add(id)
    const sorted = shuffled.toSorted()
    for (let i = 0; i < count - 1; i++) {
      assert.strictEqual(ids.after(sorted[i]!).next().value, sorted[i + 1])
    }
  })

  it("forgets what is removed, down to nothing, and starts again", () => {
    const ids = new SortedIds()
    for (const id of shuffled) ids.add(id)

    for (const id of shuffled.slice(0, count - 10)) ids.remove(id)
    assert.deepStrictEqual([...ids.after("")], shuffled.slice(-10).toSorted())

    for (const id of shuffled.slice(-10)) ids.remove(id)
    assert.deepStrictEqual([...ids.after("")], [])
    ids.add("again")
    assert.deepStrictEqual([...ids.after("")], ["again"])
  })
})
