/**
 * PackageRules: what a package may import, and what it must say that it imports.
 */
import { builtinModules } from "node:module"
import { circlesIn } from "./Circles.ts"
import {
  eachImport,
  eachMatch,
  type House,
  isConfig,
  isRelative,
  ours,
  type Package,
  packageNameOf,
  type Rule,
  roof,
  targetOf,
  type Violation
} from "./House.ts"

const client = "libs/client"
const page = "services/console"
const commandLine = "services/cli"

/** Weir from outside, and no more of it than any user has. */
const knownToUsers = [client, "libs/core", "libs/grpc", "proto"]

const isNode = (specifier: string): boolean =>
  specifier.startsWith("node:") || builtinModules.includes(specifier)

const onFloor = ({ directory, floor }: Package): string =>
  `${directory} (${floor === roof ? "the roof" : `floor ${floor}`})`

const isKnownToUsers = ({ directory }: Package, specifier: string): boolean =>
  knownToUsers.includes(directory) && !specifier.startsWith("@weir/proto/mesh/")

/** Imports go down: never up, never sideways. */
export const downOnly: Rule = (house) =>
  eachImport(house, ({ home }, { specifier }) => {
    const target = ours(house, specifier)
    if (target === undefined || home.floor === undefined || target.floor === undefined) return
    if (target === home) return `imports its own package by name (${specifier})`
    if (home.directory === page && target.directory !== client)
      return `the page knows ${client} only, but imports ${specifier}`
    if (home.directory === commandLine && !isKnownToUsers(target, specifier))
      return `the command line knows what users know, but imports ${specifier}`
    if (target.floor < home.floor) return
    const direction = target.floor > home.floor ? "up" : "sideways"
    return `imports ${direction}, from ${onFloor(home)} to ${onFloor(target)}: ${specifier}`
  })

/** Every package has its floor in `House.ts`: a new one is placed on purpose. */
export const everyPackageHasAFloor: Rule = ({ packages }) =>
  packages
    .filter(({ directory, floor }) => directory !== "" && floor === undefined)
    .map(({ directory }) => ({
      path: `${directory}/package.json`,
      line: 1,
      what: `${directory} stands on no floor; give it one in test/architecture/House.ts`
    }))

/** Source outside of any package has no floor, and would escape every rule. */
export const everyFileHasAPackage: Rule = ({ sources }) =>
  sources
    .filter((file) => file.home.directory === "" && !isConfig(file))
    .map(({ path }) => ({ path, line: 1, what: "belongs to no package" }))

/** What the SDK has beside its plain entry, each with the library that it is for. */
const clientEntries: ReadonlyArray<{ readonly at: string; readonly of: RegExp }> = [
  { at: `${client}/src/react/`, of: /^react$/ },
  { at: `${client}/src/effect/`, of: /^effect$/ },
  { at: `${client}/src/ProtobufCodec.ts`, of: /^(?:@bufbuild\/protobuf|@weir\/proto)$/ }
]
/** Makes the SDK's tarball; no part of it. */
const clientPack = `${client}/pack/`

const entryAt = (path: string) => clientEntries.find(({ at }) => path.startsWith(at))

/**
 * The SDK works wherever there is a WebSocket: it has no dependency at all. Who does not enter
 * by the entry for a library does not load it.
 */
export const clientStandsAlone: Rule = (house) =>
  eachImport(house, (file, { specifier }) => {
    if (file.home.directory !== client || file.path.startsWith(clientPack)) return
    const entry = entryAt(file.path)
    if (isRelative(specifier)) {
      const entered = entryAt(targetOf(file, specifier))
      if (file.isTest || entered === undefined || entered === entry) return
      return `${specifier} is behind an entry of its own`
    }
    if (entry?.of.test(packageNameOf(specifier))) return
    if (ours(house, specifier)) return `${client} imports nothing of ours, but ${specifier}`
    return file.isTest ? undefined : `${client} imports only its own files, but ${specifier}`
  })

const homes: ReadonlyArray<{ readonly of: RegExp; readonly home: string }> = [
  { of: /^(?:@grpc\/.+|grpc-health-check)$/, home: "libs/grpc" },
  { of: /^ioredis$/, home: "libs/redis" },
  { of: /^ws$/, home: "libs/socket" },
  { of: /^jose$/, home: "services/auth" },
  { of: /^(?:react|react-dom)$/, home: page },
  { of: /^playwright-core$/, home: "test" }
]
/** Gives React to those who write pages, and so stays out of the list above. */
const hooks = `${client}/src/react/`

/** Each foreign library has one home; the roof may use what it declares. */
export const foreignAtHome: Rule = (house) =>
  eachImport(house, ({ home, path }, { specifier }) => {
    if (home.floor === roof || path.startsWith(hooks)) return
    const found = homes.find(({ of }) => of.test(packageNameOf(specifier)))
    if (found === undefined || found.home === home.directory) return
    return `${packageNameOf(specifier)} lives in ${found.home} only`
  })

const environment =
  /\bprocess\s*(?:\??\.\s*env\b|(?:\?\.)?\[\s*(["'`])\s*\1\s*\])|\benv\b[^=}\n]*\}\s*=\s*process\b/g

/** The environment is read in one place, so that every mistake in it is in one report. */
export const environmentInConfig: Rule = ({ sources }) =>
  sources
    .filter((file) => file.home.directory !== "libs/config" && !file.isTest && !isConfig(file))
    .flatMap((file) => [
      ...eachMatch(file, environment, (found) =>
        /\benv\b/.test(found) ? `reads ${found}` : undefined
      ),
      ...file.imports
        .filter(({ specifier }) => /^(?:node:)?process$/.test(specifier))
        .filter(({ names }) => names.includes("env"))
        .map(({ line }) => ({ path: file.path, line, what: "imports env from node:process" }))
    ])

/** What is imported is declared, in the package that imports it. */
export const importsAreDeclared: Rule = (house) => {
  const tools = house.packages.find(({ directory }) => directory === "")?.declared
  return eachImport(house, (file, { specifier }) => {
    if (isRelative(specifier) || isNode(specifier)) return
    const name = packageNameOf(specifier)
    if (name === file.home.name || file.home.declared.has(name)) return
    // The root declares the tools of everyone's tests and configuration files.
    if ((file.isTest || isConfig(file)) && tools?.has(name)) return
    return `imports ${name}, which ${file.home.directory}/package.json does not declare`
  })
}

/** What is declared is imported. Types belong to the library they describe. */
export const declaredAreImported: Rule = (house) =>
  house.packages
    .filter(({ directory }) => directory !== "")
    .flatMap((home) => {
      const used = new Set(
        house.sources
          .filter((file) => file.home === home)
          .flatMap(({ imports }) => imports.map(({ specifier }) => packageNameOf(specifier)))
      )
      return [...home.declared]
        .filter((name) => !used.has(name) && !used.has(name.replace(/^@types\//, "")))
        .map((name) => ({
          path: `${home.directory}/package.json`,
          line: lineOf(house, home, name),
          what: `declares ${name}, which none of its files imports`
        }))
    })

const lineOf = (house: House, { directory }: Package, name: string): number =>
  house.files[`${directory}/package.json`]!.split("\n").findIndex((it) =>
    it.includes(`"${name}":`)
  ) + 1

/** A package is entered by its name, so that its manifest tells who depends on whom. */
export const relativeStaysInside: Rule = (house) =>
  eachImport(house, (file, { specifier }) => {
    const { directory } = file.home
    if (!isRelative(specifier) || directory === "") return
    if (targetOf(file, specifier).startsWith(`${directory}/`)) return
    return `${specifier} leaves ${directory}`
  })

/** Packages make no circle, neither by imports nor by manifests. */
export const noCircleOfPackages: Rule = (house) => {
  const graph = new Map(
    house.packages.map((home) => {
      const named = house.sources
        .filter((file) => file.home === home)
        .flatMap(({ imports }) => imports.map(({ specifier }) => specifier))
      const targets = [...home.declared, ...named]
        .map((specifier) => ours(house, specifier))
        .filter((target) => target !== undefined && target !== home)
      return [home.directory, new Set(targets.map((target) => target!.directory))] as const
    })
  )
  return circlesIn(graph).map(
    (circle): Violation => ({
      path: `${circle[0]}/package.json`,
      line: 1,
      what: `packages in a circle: ${circle.join(" → ")}`
    })
  )
}
