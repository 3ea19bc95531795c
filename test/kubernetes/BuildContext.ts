/**
 * BuildContext: the files that Docker would be sent, as `.dockerignore` has it.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** Never sent, however the rules end: walking them would take longer than the build. */
const neverWalked = new Set([".git", "node_modules"])

/** `*` stays within a name, and `**` does not. */
const patternOf = (rule: string): RegExp =>
  new RegExp(
    `^${rule
      .split("**/")
      .map((part) =>
        part
          .split("*")
          .map((text) => text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"))
          .join("[^/]*")
      )
      .join("(?:.*/)?")}(?:/.*)?$`
  )

/** The last rule that a path, or what it is in, agrees with decides. */
export const isSent = (rules: string): ((path: string) => boolean) => {
  const parsed = rules
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => ({ isException: line[0] === "!", pattern: patternOf(line.replace(/^!/, "")) }))
  return (path) => parsed.findLast(({ pattern }) => pattern.test(path))?.isException ?? true
}

const filesIn = (root: string, directory = ""): ReadonlyArray<string> =>
  readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = directory === "" ? entry.name : `${directory}/${entry.name}`
    if (!entry.isDirectory()) return [path]
    return neverWalked.has(entry.name) ? [] : filesIn(root, path)
  })

export const buildContext = (root: string): ReadonlyArray<string> =>
  filesIn(root).filter(isSent(readFileSync(join(root, ".dockerignore"), "utf8")))
