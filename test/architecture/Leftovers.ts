/**
 * Leftovers: traces of the machine and the tools that a file was written with.
 *
 * The words stand here in pieces, so that this file does not hold what it looks for.
 */

const hosts = [
  ["registry", "npmjs", "org"],
  ["registry", "npmmirror", "com"],
  ["registry", "yarnpkg", "com"],
  ["npm", "pkg", "github", "com"]
].map((labels) => labels.join("."))

const roots = ["work", "root", "home"].map((name) => ["", name, ""].join("/"))

const words = [
  ["clau", "de"],
  ["anth", "ropic"],
  ["chat", "gpt"],
  ["shared/", "research"],
  ["shared/", "design"]
].map((pieces) => pieces.join(""))

const anyOf = (texts: ReadonlyArray<string>): string => texts.join("|").replaceAll(".", "\\.")

// A root is one only where a path begins: `frame/work/` is a path of ours.
const pattern = new RegExp(`${anyOf([...hosts, ...words])}|(?<![\\w.@*-])(?:${anyOf(roots)})`, "i")

/** What a text holds that it should not, as `line → word`. */
export const leftoversIn = (text: string): ReadonlyArray<string> =>
  text.split("\n").flatMap((line, index) => {
    const found = pattern.exec(line)
    return found === null ? [] : [`${index + 1} → ${found[0]}`]
  })

/** The lines of a lockfile that say where a package was fetched; links to workspaces do not. */
export const fetchedFrom = (lockfile: string): ReadonlyArray<string> =>
  lockfile
    .split("\n")
    .flatMap((line, index) =>
      /"resolved": *"[a-z+]+:/.test(line) ? [`${index + 1} → ${line.trim()}`] : []
    )
