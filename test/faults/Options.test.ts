import { assert, describe, it } from "@effect/vitest"
import { matrix } from "./matrix/Matrix.ts"
import { parseOptions } from "./Options.ts"

const parse = (...args: ReadonlyArray<string>) => parseOptions(args, matrix)

const namesOf = (...args: ReadonlyArray<string>) => {
  const options = parse(...args)
  return "text" in options ? options.text : options.scenarios.map(({ name }) => name)
}

describe("The command line of the fault runner", () => {
  it("runs everything, in its order, if nothing is named", () => {
    assert.deepStrictEqual(
      namesOf(),
      matrix.map(({ name }) => name)
    )
  })

  it("takes names, and with them all their forms", () => {
    assert.deepStrictEqual(namesOf("f13", "F1"), ["F1", "F13", "F13-meta"])
  })

  it("names what there is, where a name is unknown", () => {
    assert.match(String(namesOf("F99")), /^there is no F99, but F1, F2/)
  })

  it("refuses numbers that are none", () => {
    for (const text of ["0", "-1", "x", "1.5"]) {
      assert.match(String(namesOf(`--seed=${text}`)), /^--seed must be a whole number from 1/)
    }
  })

  it("explains itself, and every fault", () => {
    const help = parse("--help")
    assert.isTrue("text" in help && help.exitCode === 0)
    for (const { fault, name } of matrix) {
      assert.include((help as { text: string }).text, `${name.padEnd(18)} ${fault}`)
    }
  })

  it("has names that are all different", () => {
    const names = matrix.map(({ name }) => name)
    assert.lengthOf(new Set(names), names.length)
  })
})
