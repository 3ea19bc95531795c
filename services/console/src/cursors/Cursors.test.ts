import { assert, describe, it } from "@effect/vitest"
import { type CursorsEvent, cursorsAfter, noCursors } from "./Cursors.ts"

const after = (...events: ReadonlyArray<CursorsEvent>) => events.reduce(cursorsAfter, noCursors)

const says = (data: unknown, member = "ann-1"): CursorsEvent => ({
  type: "signal",
  member,
  user: "ann",
  data
})

describe("Cursors", () => {
  it("follows each member's newest place", () => {
    const cursors = after(says({ x: 0.1, y: 0.2 }), says({ x: 0.3, y: 0.4, waves: 2 }))

    assert.deepStrictEqual([...cursors], [["ann-1", { x: 0.3, y: 0.4, waves: 2, user: "ann" }]])
  })

  it("has two cursors of a user with two tabs", () => {
    assert.strictEqual(after(says({ x: 0, y: 0 }), says({ x: 1, y: 1 }, "ann-2")).size, 2)
  })

  it("lets a cursor go that points nowhere, and one whose member has left", () => {
    const both = [says({ x: 0, y: 0 }), says({ x: 1, y: 1 }, "bob-1")]

    assert.deepStrictEqual([...after(...both, says({ gone: true })).keys()], ["bob-1"])
    assert.deepStrictEqual(
      [...after(...both, { type: "present", members: new Set(["ann-1"]) }).keys()],
      ["ann-1"]
    )
  })

  it("keeps every cursor on the surface", () => {
    assert.deepInclude(after(says({ x: -3, y: 7 })).get("ann-1"), { x: 0, y: 1 })
  })

  it.each([[{}], [null], ["here"], [{ x: "1", y: 2 }], [{ x: Number.NaN, y: 0 }], [{ x: 1 }]])(
    "takes %j for no place",
    (data) => {
      assert.strictEqual(after(says(data)), noCursors)
    }
  )

  it("shows a hundred at most, and goes on moving those", () => {
    const crowd = Array.from({ length: 101 }, (_, index) => says({ x: 0, y: 0 }, `m-${index}`))
    const cursors = after(...crowd, says({ x: 1, y: 1 }, "m-0"))

    assert.strictEqual(cursors.size, 100)
    assert.strictEqual(cursors.get("m-0")?.x, 1)
  })
})
