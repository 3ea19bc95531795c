/**
 * RoomRules: how the rooms of a service may know each other.
 *
 * Read from the inside out: `domain` is pure, `ports` say what is needed,
 * `adapters` meet them, and only `layer.ts` sees how all of it fits.
 */
import {
  eachImport,
  eachMatch,
  type House,
  isRelative,
  ours,
  type Rule,
  type SourceFile,
  targetOf
} from "./House.ts"

const page = "services/console"
const commandLine = "services/cli"

const isService = (directory: string): boolean => directory.startsWith("services/")

/** The path inside `src`, such as `domain/Session.ts`; empty outside of one. */
const placeOf = (file: SourceFile): string => {
  const { directory } = file.home
  const inside = isService(directory) || directory.startsWith("deploy/")
  const source = `${directory}/src/`
  return inside && file.path.startsWith(source) ? file.path.slice(source.length) : ""
}

const isIn = (file: SourceFile, room: string): boolean =>
  !file.isTest && placeOf(file).startsWith(`${room}/`)

const roomOf = (file: SourceFile, specifier: string): string =>
  targetOf(file, specifier).slice(`${file.home.directory}/src/`.length).split("/", 1)[0]!

// Effect's values and functions on them; what runs, waits or holds state is not among them.
const dataModules = new Set(
  `Array BigDecimal BigInt Boolean Brand Chunk Combiner Data Duration Encoding Equal Equivalence
   Filter Function Hash HashMap HashRing HashSet Iterable Match MutableHashMap MutableHashSet
   Number Option Order Ordering Pipeable Predicate Record Redacted Reducer RegExp Result Schema
   SchemaAST SchemaGetter SchemaIssue SchemaParser SchemaTransformation String Struct Trie Tuple
   Types absurd cast flow hole identity pipe`.split(/\s+/)
)
const domainMayImport = ["node:crypto", "node:net"]
const domainMayKnow = ["libs/core", "libs/flow", "libs/wire"]

const notData = (specifier: string, names: ReadonlyArray<string>): ReadonlyArray<string> =>
  (specifier === "effect" ? names : [specifier.slice("effect/".length)]).filter(
    (name) => !dataModules.has(name)
  )

/** `domain` knows values and rules: no I/O, no effects, no other room. */
export const domainIsPure: Rule = (house) =>
  eachImport(house, (file, { names, specifier }) => {
    if (!isIn(file, "domain") || domainMayImport.includes(specifier)) return
    if (isRelative(specifier)) {
      const room = roomOf(file, specifier)
      return room === "domain" ? undefined : `domain imports ${specifier}`
    }
    if (specifier === "effect" || specifier.startsWith("effect/")) {
      const others = notData(specifier, names)
      return others.length === 0 ? undefined : `domain imports ${others.join(", ")} of effect`
    }
    if (domainMayKnow.includes(ours(house, specifier)?.directory ?? "")) return
    return `domain imports ${specifier}`
  })

const unsteady = new RegExp(
  [
    String.raw`\bDate\.now\b|\bnew Date\s*(?:\(\s*\)|(?!\s*\())|\bperformance\.now\b|\bhrtime\b`,
    String.raw`\bMath\.random\b|\bcrypto\.(?:random\w+|generate\w+|getRandomValues)\b`,
    String.raw`\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch)\s*\(`,
    String.raw`\bEffect\.run\w+|\bDateTime\.(?:now|unsafeNow)\w*|\bClock\.\w+`
  ].join("|"),
  "g"
)
const unsteadyNames = /^(?:random|generate|webcrypto|getRandomValues)/

/** `domain` has no clock and no dice: time and chance are arguments. */
export const domainIsSteady: Rule = ({ sources }) =>
  sources
    .filter((file) => isIn(file, "domain"))
    .flatMap((file) => [
      ...eachMatch(file, unsteady, (found) => `domain uses ${found}`),
      ...file.imports
        .filter(({ specifier }) => specifier === "node:crypto")
        .flatMap(({ line, names }) =>
          names
            .filter((name) => unsteadyNames.test(name))
            .map((name) => ({ path: file.path, line, what: `domain uses ${name} of node:crypto` }))
        )
    ])

/** `ports` speak in the words of `domain`, and do not know who meets them. */
export const portsOnDomain: Rule = (house) =>
  eachImport(house, (file, { specifier }) => {
    if (!isIn(file, "ports") || !isRelative(specifier)) return
    if (["domain", "ports"].includes(roomOf(file, specifier))) return
    return `a port imports ${specifier}`
  })

const mayAssemble = ["layer.ts", "main.ts"]

/** Whoever needs a port never learns which adapter meets it. */
export const adaptersBehindLayer: Rule = (house) =>
  eachImport(house, (file, { specifier }) => {
    if (file.isTest || mayAssemble.includes(placeOf(file)) || isIn(file, "adapters")) return
    const within = isRelative(specifier)
      ? placeOf(file) !== "" && roomOf(file, specifier) === "adapters"
      : isForeignAdapter(house, specifier)
    return within ? `only layer.ts imports adapters, but here: ${specifier}` : undefined
  })

const isForeignAdapter = (house: House, specifier: string): boolean =>
  isService(ours(house, specifier)?.directory ?? "") && specifier.split("/")[2] === "adapters"

/** `main.ts` runs `layer.ts` and knows no other file. The command line serves nothing. */
export const mainRunsLayer: Rule = ({ sources }) =>
  sources
    .filter((file) => placeOf(file) === "main.ts" && file.home.directory !== commandLine)
    .flatMap(({ imports, path }) => {
      const own = imports.filter(({ specifier }) => isRelative(specifier))
      if (!own.some(({ specifier }) => specifier === "./layer.ts"))
        return [{ path, line: 1, what: "does not import ./layer.ts" }]
      return own
        .filter(({ specifier }) => specifier !== "./layer.ts")
        .map(({ line, specifier }) => ({ path, line, what: `knows ${specifier} beside its layer` }))
    })

const rooms = ["README.md", "src/layer.ts", "src/main.ts"]
const roomsOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  [page]: ["README.md", "src/main.tsx"],
  [commandLine]: ["README.md", "src/main.ts"]
}

/** Every service is entered in the same way. */
export const servicesAreComplete: Rule = ({ files, packages }) =>
  packages
    .filter(({ directory }) => isService(directory))
    .flatMap(({ directory }) =>
      (roomsOf[directory] ?? rooms)
        .filter((room) => files[`${directory}/${room}`] === undefined)
        .map((room) => ({ path: `${directory}/${room}`, line: 1, what: "is missing" }))
    )
