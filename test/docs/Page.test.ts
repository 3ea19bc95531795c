import { assert, describe, it } from "@effect/vitest"
import { readPage, withFiles } from "./Page.ts"

const page = [
  "# Title",
  "See [two](#2-a-second-one), [a file](../a/b.md#c) and `[no](link)`.",
  "## 2. A `second` one!",
  "[`examples/a.js`](../examples/a.js):",
  "",
  "```js",
  "old",
  "```",
  "```sh",
  "# no heading",
  "```",
  ""
].join("\n")

describe("readPage", () => {
  it("finds blocks, what they are under, and the file that they show", () => {
    const { blocks } = readPage(page)

    assert.deepStrictEqual(
      blocks.map(({ file, heading, language, line, text }) => [
        language,
        text,
        line,
        heading,
        file
      ]),
      [
        ["js", "old\n", 7, "2. A `second` one!", "examples/a.js"],
        ["sh", "# no heading\n", 10, "2. A `second` one!", undefined]
      ]
    )
  })

  it("finds links, and what they may lead to", () => {
    const { anchors, links } = readPage(page)

    assert.deepStrictEqual([...anchors], ["title", "2-a-second-one"])
    assert.deepStrictEqual(
      links.map(({ target }) => target),
      ["#2-a-second-one", "../a/b.md#c", "../examples/a.js"]
    )
  })

  it("says where a block has no end", () => {
    assert.throws(() => readPage("a\n```sh\nb"), /line 2/)
  })
})

describe("withFiles", () => {
  it("puts the files into their blocks, and changes nothing else", () => {
    const changed = withFiles(page, (path) => `${path}\nnew\n`)

    assert.strictEqual(changed, page.replace("old\n", "examples/a.js\nnew\n"))
  })
})
