import { assert, describe, it } from "@effect/vitest"
import { endings, markdownOf, refusals, rowsUnder } from "./ProtocolTables.ts"

describe("rowsUnder", () => {
  const page = `# The protocol\n\n${markdownOf(endings)}\nProse.\n\n${markdownOf(refusals)}\n## More\n\n| a |\n`

  it("finds the rows of each table, and no others", () => {
    assert.deepStrictEqual(rowsUnder("Endings", page), endings.rows)
    assert.deepStrictEqual(rowsUnder("Failures", page), refusals.rows)
  })

  it("overlooks how the columns are aligned", () => {
    const aligned = page.replaceAll(" | ", "   |  ").replaceAll("---", ":----:")

    assert.deepStrictEqual(rowsUnder("Endings", aligned), endings.rows)
  })

  it.each([
    ["a missing row", page.replace(/^\| 3005 .*\n/m, "")],
    ["a row too many", page.replace(/^(\| 3005 .*\n)/m, "$1| 3999 | new | New. | no | |\n")],
    ["another meaning", page.replace("The token ran out", "The token is old")],
    ["another answer", page.replace(/(^\| 3005 .*) yes /m, "$1 no ")],
    ["another heading", page.replace("## Endings", "## Ends")],
    ["no page", ""]
  ])("notices %s", (_title, changed) => {
    assert.notDeepEqual(rowsUnder("Endings", changed), endings.rows)
  })
})
