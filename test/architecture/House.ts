/**
 * House: the packages of this repository and their floors, made from a map of
 * paths to texts, so that the rules can be tried on houses that do not exist.
 */
import { posix } from "node:path"
import { codeOf, type Import, importsOf, lineAt } from "./Scan.ts"

export type Files = Readonly<Record<string, string>>

export interface Package {
  /** From the root of the repository; empty for the root itself. */
  readonly directory: string
  readonly name: string
  readonly floor: number | undefined
  readonly declared: ReadonlySet<string>
}

export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly code: string
  readonly imports: ReadonlyArray<Import>
  readonly home: Package
  /** Tests and what only they use. */
  readonly isTest: boolean
  readonly isGenerated: boolean
}

export interface House {
  readonly files: Files
  readonly packages: ReadonlyArray<Package>
  readonly sources: ReadonlyArray<SourceFile>
}

export interface Violation {
  readonly path: string
  readonly line: number
  readonly what: string
}

export type Rule = (house: House) => ReadonlyArray<Violation>

const floors: ReadonlyArray<ReadonlyArray<string>> = [
  ["proto"],
  ["libs/core"],
  ["config", "flow", "wire", "grpc", "redis", "socket", "telemetry", "client"].map(
    (lib) => `libs/${lib}`
  ),
  ["libs/cluster", "libs/mesh", "libs/process"],
  ["services/*"],
  ["deploy/*"],
  ["test", "bench"]
]

export const roof = floors.length - 1

const floorOf = (directory: string): number | undefined => {
  const floor = floors.findIndex(
    (rooms) => rooms.includes(directory) || rooms.includes(`${posix.dirname(directory)}/*`)
  )
  return floor === -1 ? undefined : floor
}

interface Manifest {
  readonly name?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const packageAt = (directory: string, manifest: string): Package => {
  const { name, dependencies, devDependencies } = JSON.parse(manifest) as Manifest
  return {
    directory,
    name: name ?? directory,
    floor: floorOf(directory),
    declared: new Set(Object.keys({ ...dependencies, ...devDependencies }))
  }
}

const noPackage: Package = { directory: "", name: "", floor: undefined, declared: new Set() }

const isTest = (path: string): boolean =>
  /\.(?:test|fixture|contract|bench)\.tsx?$/.test(path) || /(?:^|\/)(?:test|bench)\//.test(path)

export const makeHouse = (files: Files): House => {
  const packages = Object.entries(files).flatMap(([path, text]) =>
    posix.basename(path) === "package.json"
      ? [packageAt(path === "package.json" ? "" : posix.dirname(path), text)]
      : []
  )
  const root = packages.find(({ directory }) => directory === "") ?? noPackage
  const homeOf = (path: string): Package =>
    packages
      .filter(({ directory }) => directory !== "" && path.startsWith(`${directory}/`))
      .sort((a, b) => b.directory.length - a.directory.length)[0] ?? root
  const sources = Object.entries(files).flatMap(([path, text]): ReadonlyArray<SourceFile> => {
    if (!/\.tsx?$/.test(path)) return []
    const code = codeOf(text)
    return [
      {
        path,
        text,
        code,
        imports: importsOf(text, code),
        home: homeOf(path),
        isTest: isTest(path),
        isGenerated: path.startsWith("proto/gen/")
      }
    ]
  })
  return { files, packages, sources }
}

export const isConfig = ({ path }: SourceFile): boolean => /\.config\.ts$/.test(path)

export const isRelative = (specifier: string): boolean => /^\.{1,2}(?:\/|$)/.test(specifier)

/** The file that a relative import names. */
export const targetOf = (file: SourceFile, specifier: string): string =>
  posix.join(posix.dirname(file.path), specifier)

/** The package that a bare import names, such as `@scope/name` in `@scope/name/Module`. */
export const packageNameOf = (specifier: string): string =>
  specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")

/** The package of this house that an import names, if it is one. */
export const ours = ({ packages }: House, specifier: string): Package | undefined =>
  packages.find(({ name }) => name !== "" && name === packageNameOf(specifier))

export const eachImport = (
  house: House,
  judge: (file: SourceFile, imported: Import) => string | undefined
): ReadonlyArray<Violation> =>
  house.sources.flatMap((file) =>
    file.isGenerated
      ? []
      : file.imports.flatMap((imported) => {
          const what = judge(file, imported)
          return what === undefined ? [] : [{ path: file.path, line: imported.line, what }]
        })
  )

/**
 * Judges each match of a pattern in the code, not in its comments or strings.
 * The pattern sees strings as blanks; the judge is given the text as it stands.
 */
export const eachMatch = (
  file: SourceFile,
  pattern: RegExp,
  judge: (found: string) => string | undefined
): ReadonlyArray<Violation> =>
  [...file.code.matchAll(pattern)].flatMap(({ 0: { length }, index }) => {
    const what = judge(file.text.slice(index, index + length).trim())
    return what === undefined ? [] : [{ path: file.path, line: lineAt(file.code, index), what }]
  })
