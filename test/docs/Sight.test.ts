import { assert, describe, it } from "@effect/vitest"
import { endOf } from "./Sight.ts"

const seen = "> npm start\n12:00:09  ann  a+b (1)\nready after 7 s\n\nlast\n"

describe("a sight", () => {
  it.each([
    ["a line", "last\n"],
    ["lines in a row", "ready after 7 s\n\nlast\n"],
    ["any text within a line", "ready after … s\n"],
    ["any lines", "> npm start\n…\nlast\n"],
    ["no line where any may be", "ready after 7 s\n…\n\nlast\n"],
    ["another time of day", "23:59:59  ann  a+b (1)\n"],
    ["signs that mean something elsewhere", "12:00:00  ann  a+b (1)\n"]
  ])("is found: %s", (_, sight) => {
    assert.isDefined(endOf(sight, seen))
  })

  it.each([
    ["part of a line", "npm start\n"],
    ["the beginning of a line", "ready after\n"],
    ["lines with another between", "> npm start\nready after 7 s\n"],
    ["lines in another order", "last\n…\n> npm start\n"],
    ["a time with other text", "12:00:00  bob  a+b (1)\n"]
  ])("is not found: %s", (_, sight) => {
    assert.isUndefined(endOf(sight, seen))
  })

  it("ends where what follows it begins", () => {
    assert.strictEqual(seen.slice(endOf("ready after … s\n", seen)), "\nlast\n")
  })
})
