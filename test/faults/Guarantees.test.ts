import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { withTable } from "./Guarantees.ts"

const page = readFileSync(new URL("../../docs/guarantees.md", import.meta.url), "utf8")

const table = (...rows: ReadonlyArray<string>) =>
  ["| fault | verdict |", "| --- | --- |", ...rows, ""].join("\n")

describe("The page of guarantees", () => {
  it("takes rows in, each in the place of the one before it, and keeps all else", () => {
    const first = withTable(page, table("| F901 one | holds |", "| F903 three | holds |"))
    const second = withTable(first, table("| F902 two | holds |", "| F903 three | broken |"))
    const rows = second.split("\n").filter((line) => /^\| F90/.test(line))
    assert.deepStrictEqual(rows, [
      "| F901 one | holds |",
      "| F902 two | holds |",
      "| F903 three | broken |"
    ])
    assert.strictEqual(withTable(second, table("| F903 three | broken |")), second)
    assert.isTrue(second.startsWith("# Guarantees"))
    assert.include(second, "## What is not tried here")
  })

  it("is refused without its markers", () => {
    assert.throws(() => withTable("# Guarantees", table()), /has no <!-- faults/)
  })
})
