import { assert, describe, it } from "@effect/vitest"
import { codeOf, importsOf, withoutImports } from "./Scan.ts"

const scan = (text: string) =>
  importsOf(text, codeOf(text)).map(({ line, specifier }) => `${line} ${specifier}`)

/** The tables write `@{` where a template has its placeholder. */
const placeholders = (text: string) => text.replaceAll("@{", "${")

describe("codeOf", () => {
  it.each([
    ["blanks line comments", "a // b\nc", "a     \nc"],
    ["blanks block comments, keeping lines", "a /* b\n*/ c", "a     \n   c"],
    ["blanks strings, keeping their quotes", `a("b // c")`, `a("      ")`],
    ["keeps escaped quotes inside", String.raw`a('\'b') + c`, `a('   ') + c`],
    ["ends a string that nobody closes with its line", "<p>It's</p>\na", "<p>It'     \na"],
    ["keeps the code inside of templates", "a(`b @{c} d`) + e", "a(`  @{c}  `) + e"],
    ["follows templates in templates", "`a @{b(`c @{d}`)} e` + f", "`  @{b(`  @{d}`)}  ` + f"],
    ["counts braces in templates", "`@{f({ a: {} })} b` + c", "`@{f({ a: {} })}  ` + c"],
    ["blanks patterns", `a.replace(/"'/g, b)`, "a.replace(     , b)"],
    ["blanks patterns with a slash in a class", 'a = /[/"]/ + b', "a =        + b"],
    ["tells division from a pattern", `a / b + "c" / d`, `a / b + " " / d`],
    ["tells a closing tag from a pattern", '<a>{b}</a> + "c"', '<a>{b}</a> + " "']
  ])("%s", (_title, text, code) => {
    assert.strictEqual(codeOf(placeholders(text)), placeholders(code))
  })
})

describe("importsOf", () => {
  it.each([
    ["finds static imports", `import { a } from "./a.ts"`, ["1 ./a.ts"]],
    ["finds imports over several lines", `import {\n  a,\n  b\n} from "./a.ts"`, ["4 ./a.ts"]],
    ["finds imports for their effect", `import "./a.ts"`, ["1 ./a.ts"]],
    ["finds imports without spaces", `import{a}from"./a.ts"`, ["1 ./a.ts"]],
    [
      "finds re-exports",
      `export * from "./a.ts"\nexport { b } from './b.ts'`,
      ["1 ./a.ts", "2 ./b.ts"]
    ],
    ["finds dynamic imports", `const a = await import("./a.ts")`, ["1 ./a.ts"]],
    ["finds types taken by import()", `let a: import("./a.ts").A`, ["1 ./a.ts"]],
    [
      "finds paths that are resolved",
      `import.meta.resolve("@weir/proto/image")`,
      ["1 @weir/proto/image"]
    ],
    ["keeps an export list apart", `export { a }\nimport { b } from "./b.ts"`, ["2 ./b.ts"]],
    ["skips comments", `// import "./a.ts"\n/* import "./b.ts" */`, []],
    ["skips strings", `const a = 'import "./a.ts"'`, []],
    ["skips templates", 'const a = `import "./a.ts"`', []],
    ["skips other calls", `a.import("b"); Array.from("c"); export const d = f("e")`, []]
  ])("%s", (_title, text, found) => {
    assert.deepStrictEqual(scan(text), found)
  })

  it.each([
    ["names", `import a, { type B, c as d } from "x"`, ["B", "c", "default"]],
    ["a namespace", `import type * as grpc from "x"`, ["*"]],
    ["types", `import type { A, B } from "x"`, ["A", "B"]],
    ["nothing", `import "x"`, []]
  ])("tells what is taken: %s", (_title, text, names) => {
    assert.deepStrictEqual(importsOf(text, codeOf(text))[0]!.names, names)
  })
})

describe("withoutImports", () => {
  it("leaves what the file itself says", () => {
    const text = `import { a } from "a"\nexport { a }\nexport * from "b"\nimport "c"\nexport const d = a\n`

    assert.strictEqual(withoutImports(codeOf(text)).trim(), "export const d = a")
  })
})
