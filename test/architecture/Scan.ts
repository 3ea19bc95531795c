/**
 * Scan: finds the imports of a TypeScript file without a compiler.
 *
 * First everything that is not code is blanked, position by position; what is
 * left can be searched with plain patterns, and lines stay what they were.
 */

export interface Import {
  readonly specifier: string
  readonly line: number
  /** The names taken: `*` for a namespace, `default` for a default import. */
  readonly names: ReadonlyArray<string>
  readonly isReexport: boolean
}

const comment = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y
// A string ends with its line at the latest: an apostrophe in JSX text opens none.
const string = /"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/y
const template = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{|$)/y
const regex = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const beforeRegex =
  /(?:^|[(,=:[!&|?{};+\-*%~^]|=>|\b(?:return|typeof|case|in|of|yield|await|void|delete))\s*$/

/** The same text with comments and the insides of strings as blanks. */
export const codeOf = (text: string): string => {
  let code = ""
  /** For each open `${`: how many braces are open inside it. */
  const braces: Array<number> = []
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = code.length
    return pattern.exec(text)?.[0] ?? ""
  }
  const blank = (from: string): string => from.replace(/[^\n]/g, " ")
  const takeTemplate = () => {
    const chunk = match(template)
    const end = chunk.endsWith("${") ? "${" : chunk.endsWith("`") ? "`" : ""
    code += blank(chunk.slice(0, chunk.length - end.length)) + end
    if (end === "${") braces.push(0)
  }
  while (code.length < text.length) {
    const char = text[code.length]!
    const skipped = char === "/" ? match(comment) : ""
    if (skipped !== "") code += blank(skipped)
    else if (char === '"' || char === "'") {
      const found = match(string)
      const closed = found.length > 1 && found.endsWith(char)
      code += char + blank(found.slice(1, closed ? -1 : undefined)) + (closed ? char : "")
    } else if (char === "`") {
      code += char
      takeTemplate()
    } else if (char === "/" && beforeRegex.test(code.slice(-400))) {
      code += blank(match(regex)) || char
    } else if (char === "}" && braces.at(-1) === 0) {
      braces.pop()
      code += char
      takeTemplate()
    } else {
      if (braces.length > 0 && char === "{") braces[braces.length - 1]! += 1
      if (braces.length > 0 && char === "}") braces[braces.length - 1]! -= 1
      code += char
    }
  }
  return code
}

export const lineAt = (text: string, index: number): number =>
  text.slice(0, index).split("\n").length

const clause = String.raw`(?:(?!\b(?:import|export)\b)[\w\s{},*$])*?`
const importPattern = new RegExp(
  String.raw`(?<![.\w$])(?:(import|export)\b(${clause})\bfrom\s*|import\.meta\.resolve\s*\(\s*|import\s*(?:\(\s*)?)["'\`]`,
  "g"
)

const namesIn = (clauseText: string): ReadonlyArray<string> => {
  const braced = /\{([^}]*)\}/.exec(clauseText)?.[1] ?? ""
  const outside = clauseText.replace(/\{[^}]*\}/, "").replace(/^\s*type\s/, "")
  return [
    ...braced.split(",").map(
      (it) =>
        it
          .trim()
          .replace(/^type\s+/, "")
          .split(/\s/)[0]!
    ),
    ...outside.split(",").map((it) => (it.trim().startsWith("*") ? "*" : it.trim() && "default"))
  ].filter((name) => name !== "")
}

/** Every module that the file names: static and dynamic imports, re-exports, resolved paths. */
export const importsOf = (text: string, code: string): ReadonlyArray<Import> =>
  [...code.matchAll(importPattern)].map((match) => {
    const start = match.index + match[0].length
    return {
      specifier: /^[^"'`\n]*/.exec(text.slice(start))![0],
      line: lineAt(code, start),
      names: namesIn(match[2] ?? ""),
      isReexport: match[1] === "export"
    }
  })

/** What remains of the code without its imports and re-exports. */
export const withoutImports = (code: string): string =>
  code
    .replace(
      new RegExp(String.raw`${importPattern.source}\s*["'\`]\)?(?:\s*with\s*\{[^}]*\})?`, "g"),
      ""
    )
    .replace(/\bexport\s+(?:type\s+)?\{[^}]*\}/g, "")
