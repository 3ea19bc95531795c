import { assert, describe, it } from "@effect/vitest"
import { Lines } from "./Lines.ts"

const linesIn = (...pieces: ReadonlyArray<string | Uint8Array>) => {
  const lines = new Lines()
  const ended = pieces.flatMap((piece) => [...lines.push(Buffer.from(piece))!])
  return [...ended, ...lines.end()]
}

describe("Lines", () => {
  it.each([
    ["splits where a line ends", ["a\nb\n"], ["a", "b"]],
    ["joins what comes in pieces", ["a", "b\nc", "\n"], ["ab", "c"]],
    ["gives the last one that nothing ends", ["a\nb"], ["a", "b"]],
    ["keeps blank ones", ["a\n\nb\n"], ["a", "", "b"]],
    ["takes the ends of Windows", ["a\r\nb\r\n"], ["a", "b"]]
  ] as const)("%s", (_title, pieces, expected) => {
    assert.deepStrictEqual(linesIn(...pieces), [...expected])
  })

  it("reads a character that is cut in two", () => {
    const bytes = Buffer.from("für\n")

    assert.deepStrictEqual(linesIn(bytes.subarray(0, 2), bytes.subarray(2)), ["für"])
  })

  it("refuses a line without an end before it fills the memory", () => {
    const lines = new Lines()
    const mebibyte = Buffer.alloc(1024 * 1024, "a")

    for (let n = 0; n < 4; n++) assert.deepStrictEqual(lines.push(mebibyte), [])
    assert.isUndefined(lines.push(mebibyte))
  })
})
