import { assert, describe, it } from "@effect/vitest"
import { FirstNames } from "./FirstNames.ts"

const firstOf = (limit: number, names: ReadonlyArray<string>) => {
  const first = new FirstNames(limit)
  for (const name of names) first.add(name)
  return first.names()
}

describe("FirstNames", () => {
  it.each([
    ["gives all of few", 4, ["b", "a"], ["a", "b"]],
    ["gives as many as asked for", 2, ["d", "b", "c", "a"], ["a", "b"]],
    ["gives one", 1, ["b", "a", "c"], ["a"]],
    ["gives none of none", 2, [], []]
  ] as const)("%s", (_title, limit, names, expected) => {
    assert.deepStrictEqual(firstOf(limit, names), [...expected])
  })

  it("is the beginning of what sorting everything gives, whatever the order they come in", () => {
    const names = Array.from({ length: 1_000 }, (_, n) => `chat:${(n * 7_919) % 1_000}`)

    assert.deepStrictEqual(firstOf(100, names), names.toSorted().slice(0, 100))
  })
})
