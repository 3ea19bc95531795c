import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { withTable } from "./Guarantees.ts"

const page = readFileSync(new URL("../../docs/guarantees.md", import.meta.url), "utf8")

describe("The page of guarantees", () => {
  it("has room for the table, and keeps all else", () => {
    const first = withTable(page, "| one |")
    assert.include(first, "| one |")
    const second = withTable(first, "| two |")
    assert.notInclude(second, "| one |")
    assert.strictEqual(withTable(second, "| one |"), first)
  })

  it("is refused without its markers", () => {
    assert.throws(() => withTable("# Guarantees", "| one |"), /has no <!-- faults/)
  })
})
