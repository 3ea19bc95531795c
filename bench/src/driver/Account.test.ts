import { assert, describe, it } from "@effect/vitest"
import { Account, type Range } from "./Account.ts"

/** Numbers are publications, ranges are gaps. */
const accountOf = (...heard: ReadonlyArray<number | Range | undefined>): Account => {
  const account = new Account()
  for (const it of heard) {
    if (typeof it === "number") account.give(it)
    else account.tell(it)
  }
  return account
}

const sums = ({ misordered, received, told, unsaid }: Account): ReadonlyArray<number> => [
  received,
  told,
  unsaid,
  misordered
]

describe("the account of a subscriber", () => {
  it.each([
    ["has all that came in its order", [0, 1, 2, 3], [4, 0, 0, 0], 0],
    ["has what a gap names, by its offsets", [0, { from: 2, to: 3 }, 3], [2, 2, 0, 0], 0],
    ["has a gap behind the last publication", [0, 1, { from: 3, to: 4 }], [2, 2, 0, 0], 0],
    ["lacks what was passed over in silence", [0, 2, 3], [3, 0, 1, 0], 1],
    ["lacks what a gap leaves out before it", [0, { from: 3, to: 4 }], [1, 2, 1, 0], 1],
    ["lacks what did not come in the end", [0, 1], [2, 0, 0, 0], 2],
    ["lacks what a gap without a range is about", [0, undefined, 3], [2, 0, 2, 0], 2],
    ["does not count a publication twice", [0, 1, 1, 2, 3], [4, 0, 0, 1], 0],
    ["does not believe a gap of what was given", [0, 1, { from: 2, to: 2 }], [2, 0, 0, 1], 2]
  ] as const)("%s", (_title, heard, expected, unaccounted) => {
    const account = accountOf(...heard)

    assert.deepStrictEqual(sums(account), expected)
    assert.strictEqual(account.unaccounted(4), unaccounted)
  })
})
