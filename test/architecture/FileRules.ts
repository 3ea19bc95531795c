/**
 * FileRules: what every source file looks like, wherever it stands.
 */
import { posix } from "node:path"
import { circlesIn } from "./Circles.ts"
import { eachImport, isConfig, isRelative, type Rule, type SourceFile, targetOf } from "./House.ts"
import { withoutImports } from "./Scan.ts"

const smellLines = 300
const limitLines = 400

const isMain = ({ path }: SourceFile): boolean => /(?:^|\/)main\.tsx?$/.test(path)

/** Files of a package make no circle, not even by types. */
export const noCircleOfFiles: Rule = ({ sources }) => {
  const graph = new Map(
    sources.map((file) => [
      file.path,
      file.imports
        .filter(({ specifier }) => isRelative(specifier))
        .map(({ specifier }) => targetOf(file, specifier))
    ])
  )
  return circlesIn(graph).map((circle) => ({
    path: circle[0]!,
    line: 1,
    what: `files in a circle: ${circle.join(" → ")}`
  }))
}

/** Node runs the sources as they are: a relative import names its file in full. */
export const fullEndings: Rule = (house) =>
  eachImport(house, (_file, { specifier }) =>
    !isRelative(specifier) || /\.(?:tsx?|css|json|svg)$/.test(specifier)
      ? undefined
      : `${specifier} has no .ts ending`
  )

/** What others install has few names to enter by: each is a list of what is behind it. */
const published = "libs/client/pack/entries/"

/** No file only re-exports: what is used is imported from where it is. */
export const noBarrels: Rule = ({ sources }) =>
  sources
    .filter((file) => !file.isGenerated && !file.path.startsWith(published))
    .filter((file) => /\bexport\b/.test(file.code))
    .filter((file) => /^[\s;]*$/.test(withoutImports(file.code)))
    .map(({ path }) => ({ path, line: 1, what: "only re-exports" }))

const emptyName = /^(?:utils?|helpers?|common|misc|index)$/i

/** Files and folders are named after a concept. */
export const concreteNames: Rule = ({ sources }) =>
  sources
    .filter(({ isGenerated }) => !isGenerated)
    .flatMap(({ path }) => {
      const vague = path.split("/").find((name) => emptyName.test(name.replace(/\..*$/, "")))
      return vague === undefined ? [] : [{ path, line: 1, what: `${vague} names no concept` }]
    })

/** Every file says at its top what it is; a name it says is its own. */
export const headers: Rule = ({ sources }) =>
  sources
    .filter((file) => !file.isTest && !file.isGenerated && !isMain(file) && !isConfig(file))
    .flatMap((file) => {
      const prose = /^\/\*\*\s*(?:\*\s)?\s*([\s\S]*?)\s*\*\//.exec(file.text)?.[1]
      const { path } = file
      if (!prose) return [{ path, line: 1, what: "does not begin with a header comment" }]
      const names = /^(\w+(?:, \w+)*): /.exec(prose)?.[1]?.split(", ")
      const own = posix.basename(path).replace(/\..*$/, "").toLowerCase()
      if (names === undefined || names.some((name) => name.toLowerCase() === own)) return []
      return [{ path, line: 2, what: `its header names ${names.join(", ")}` }]
    })

const linesOf = ({ text }: SourceFile): number => text.replace(/\n$/, "").split("\n").length

const longerThan =
  (limit: number): Rule =>
  ({ sources }) =>
    sources
      .filter((file) => !file.isTest && !file.isGenerated && linesOf(file) > limit)
      .map((file) => ({
        path: file.path,
        line: limit + 1,
        what: `has ${linesOf(file)} lines: give its second concept a file of its own`
      }))

/** Reported, not refused. */
export const nearlyTooLong: Rule = longerThan(smellLines)

export const notTooLong: Rule = longerThan(limitLines)
