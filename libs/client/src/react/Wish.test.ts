import { assert, describe, it } from "@effect/vitest"
import { asksTheSame, mergeWishes, type Wish } from "./Wish.ts"

const none: Wish = { rewind: 0, presence: false, member: undefined }

describe("mergeWishes", () => {
  it("takes the largest rewind, presence if any wants it, and the first member", () => {
    const merged = mergeWishes([
      { ...none, rewind: 5 },
      { ...none, rewind: 50, member: { colour: "teal" } },
      { ...none, presence: true, member: { colour: "red" } }
    ])

    assert.deepStrictEqual(merged, { rewind: 50, presence: true, member: { colour: "teal" } })
  })

  it("of no wishes is none", () => {
    assert.deepStrictEqual(mergeWishes([]), none)
  })
})

describe("asksTheSame", () => {
  it.each([
    ["a member written anew is the same", { member: { a: 1 } }, { member: { a: 1 } }, true],
    ["another member is not", { member: { a: 1 } }, { member: { a: 2 } }, false],
    ["null is a member", { member: null }, {}, false],
    ["presence counts", { presence: true }, {}, false],
    ["a rewind does not, once it has begun", { rewind: 1 }, { rewind: 2 }, true]
  ])("%s", (_title, one, other, expected) => {
    assert.strictEqual(asksTheSame({ ...none, ...one }, { ...none, ...other }), expected)
  })
})
