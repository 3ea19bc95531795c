/**
 * LoadSettings: reads the environment and the file, and reports every mistake
 * of both at once, each with its path.
 */
import { readFile } from "node:fs/promises"
import { isIPv6 } from "node:net"
import { Config, Data, Effect, Result, Schema, SchemaIssue } from "effect"
import {
  decide,
  type Environment,
  type ProfileKind,
  profileKinds,
  type Settings
} from "./Settings.ts"
import { WeirFile } from "./WeirFile.ts"

/** The configuration is wrong; nothing was started. */
export class ConfigMistakes extends Data.TaggedError("ConfigMistakes")<{
  readonly mistakes: ReadonlyArray<string>
}> {
  override get message(): string {
    return [
      `the configuration has ${this.mistakes.length} mistake${this.mistakes.length === 1 ? "" : "s"}:`,
      ...this.mistakes.map((mistake) => `  ${mistake}`)
    ].join("\n")
  }
}

const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/

/** Listening there means on every address, so it is none that others could be told. */
const everywhere = /^(0\.0\.0\.0|::|\[::\])$/

/** An IPv6 host is in brackets where a port follows. */
const isAdvertisable = (address: string): boolean => {
  if (address === "" || isIPv6(address)) return true
  const [, six, host, port] = /^(?:\[(.*)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/.exec(address) ?? []
  const isHost = six === undefined ? host !== undefined : isIPv6(six) && port !== undefined
  return isHost && (port === undefined || (Number(port) >= 1 && Number(port) <= 65_535))
}

const port = (fallback: number) => ({
  fallback: String(fallback),
  schema: Schema.NumberFromString.check(
    Schema.isInt(),
    Schema.isBetween({ minimum: 0, maximum: 65_535 })
  )
})

const variables = {
  WEIR_CONFIG: { fallback: "", schema: Schema.String },
  WEIR_NODE: {
    fallback: "",
    schema: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{0,64}$/))
  },
  WEIR_HOST: { fallback: "127.0.0.1", schema: Schema.String },
  WEIR_HTTP_PORT: port(8080),
  WEIR_GRPC_PORT: port(9090),
  WEIR_MESH_PORT: port(0),
  WEIR_OPS_PORT: port(9100),
  WEIR_ADVERTISE: {
    fallback: "",
    schema: Schema.String.check(
      Schema.makeFilter((address) =>
        isAdvertisable(address)
          ? undefined
          : "must be a host, or host:port with a port from 1 to 65535, such as 10.0.0.3:7000 or [fd00::3]:7000"
      )
    )
  },
  WEIR_REDIS_URL: {
    fallback: "",
    // Only its kind; what follows is read, and refused, by whoever connects.
    schema: Schema.String.check(
      Schema.makeFilter((url) =>
        url === "" || /^(rediss?|redis\+(sentinel|cluster)):\/\/./.test(url)
          ? undefined
          : "must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://"
      )
    )
  },
  // Empty: as it is with the development identity, on, and without, off.
  WEIR_HTTP_API: { fallback: "", schema: Schema.Literals(["", "true", "false"]) },
  WEIR_PAGE_DIRECTORY: { fallback: "", schema: Schema.String },
  WEIR_LOG_LEVEL: {
    fallback: "Info",
    schema: Schema.Literals(["All", "Trace", "Debug", "Info", "Warn", "Error", "Fatal", "None"])
  },
  WEIR_LOG_FORMAT: { fallback: "pretty", schema: Schema.Literals(["pretty", "json"]) },
  WEIR_PROFILE: { fallback: "", schema: Schema.Literals(["", ...profileKinds]) },
  WEIR_PROFILE_DIRECTORY: { fallback: ".", schema: Schema.String },
  WEIR_DEVELOPMENT: { fallback: "false", schema: Schema.Literals(["true", "false"]) }
} as const

type Variables = {
  readonly [name in keyof typeof variables]: (typeof variables)[name]["schema"]["Type"]
}

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const describe = (where: string, issue: SchemaIssue.Issue): ReadonlyArray<string> =>
  formatIssue(issue).issues.map(({ message, path = [] }) =>
    [where, [...path].join("."), message].filter((part) => part !== "").join(": ")
  )

const readVariables = Effect.gen(function* () {
  const values: Record<string, unknown> = {}
  const mistakes: Array<string> = []
  for (const [name, { fallback, schema }] of Object.entries(variables)) {
    const text = yield* Config.String(name).pipe(Config.withDefault(fallback), Effect.orDie)
    const decoded = Schema.decodeUnknownResult(schema as Schema.Decoder<unknown>)(text)
    if (Result.isSuccess(decoded)) values[name] = decoded.success
    else mistakes.push(...describe(name, decoded.failure.issue))
  }
  return { values: values as Variables, mistakes }
})

const decodeFile = Schema.decodeUnknownResult(WeirFile, {
  errors: "all",
  onExcessProperty: "error"
})

const readWeirFile = Effect.fnUntraced(function* (path: string) {
  const noFile: WeirFile = {}
  if (path === "") return { file: noFile, mistakes: [] }
  const text = yield* Effect.result(Effect.tryPromise(() => readFile(path, "utf8")))
  if (Result.isFailure(text)) return { file: noFile, mistakes: [`${path}: cannot be read`] }
  let json: unknown
  try {
    json = JSON.parse(text.success)
  } catch (error) {
    return { file: noFile, mistakes: [`${path}: not valid JSON: ${(error as Error).message}`] }
  }
  const decoded = decodeFile(json)
  return Result.isSuccess(decoded)
    ? { file: decoded.success, mistakes: [] }
    : { file: noFile, mistakes: describe(path, decoded.failure.issue) }
})

export interface LoadOptions {
  /** The node's name where WEIR_NODE gives none. */
  readonly node: string
  /** As if WEIR_DEVELOPMENT were true: for commands that exist to develop with. */
  readonly development?: boolean
  /** As if WEIR_PROFILE named it. */
  readonly profile?: ProfileKind | undefined
  /** It is one process of several, and has to find the others. */
  readonly amongOthers?: boolean
}

/** What is wrong only when the environment and the file are seen together. */
const contradictions = (
  values: Variables,
  file: WeirFile,
  options: LoadOptions
): ReadonlyArray<string> => {
  const mistakes: Array<string> = []
  const { WEIR_ADVERTISE, WEIR_CONFIG, WEIR_HOST, WEIR_REDIS_URL } = values
  const withRedis = WEIR_REDIS_URL !== ""
  if (withRedis && WEIR_ADVERTISE === "" && everywhere.test(WEIR_HOST ?? "")) {
    mistakes.push(
      `WEIR_ADVERTISE: set it to the address at which other nodes reach this one: WEIR_HOST is ${WEIR_HOST}, which is no address to connect to`
    )
  }
  if (options.amongOthers === true && !withRedis && (file.nodes ?? []).length === 0) {
    mistakes.push(
      "WEIR_REDIS_URL: this process cannot find the others: set WEIR_REDIS_URL, or list the nodes in weir.json"
    )
  }
  for (const [name, { durableReplicas = 0 }] of Object.entries(file.namespaces ?? {})) {
    if (durableReplicas === 0 || withRedis) continue
    mistakes.push(
      `${WEIR_CONFIG}: namespaces.${name}.durableReplicas: without Redis there are no replicas: set WEIR_REDIS_URL`
    )
  }
  return mistakes
}

export const loadSettings = Effect.fnUntraced(function* (
  options: LoadOptions
): Effect.fn.Return<Settings, ConfigMistakes> {
  const { values, mistakes: fromEnvironment } = yield* readVariables
  const { file, mistakes: fromFile } = yield* readWeirFile(values.WEIR_CONFIG ?? "")
  const mistakes = [...fromEnvironment, ...fromFile]
  const development = options.development === true || values.WEIR_DEVELOPMENT === "true"
  if (development && values.WEIR_HOST !== undefined && !loopback.test(values.WEIR_HOST)) {
    mistakes.push(
      `WEIR_HOST: the development identity is open to everybody, so it runs on loopback only, not on ${values.WEIR_HOST}`
    )
  }
  // A file or a variable that could not be read contradicts nothing.
  if (mistakes.length === 0) mistakes.push(...contradictions(values, file, options))
  if (mistakes.length > 0) return yield* new ConfigMistakes({ mistakes })
  const environment: Environment = {
    node: values.WEIR_NODE === "" ? options.node : values.WEIR_NODE,
    host: values.WEIR_HOST,
    httpPort: values.WEIR_HTTP_PORT,
    grpcPort: values.WEIR_GRPC_PORT,
    meshPort: values.WEIR_MESH_PORT,
    opsPort: values.WEIR_OPS_PORT,
    advertise: values.WEIR_ADVERTISE === "" ? values.WEIR_HOST : values.WEIR_ADVERTISE,
    redisUrl: values.WEIR_REDIS_URL,
    httpApi: values.WEIR_HTTP_API === "" ? development : values.WEIR_HTTP_API === "true",
    pageDirectory: values.WEIR_PAGE_DIRECTORY === "" ? undefined : values.WEIR_PAGE_DIRECTORY,
    logLevel: values.WEIR_LOG_LEVEL,
    logFormat: values.WEIR_LOG_FORMAT,
    profile: options.profile ?? (values.WEIR_PROFILE === "" ? undefined : values.WEIR_PROFILE),
    profileDirectory: values.WEIR_PROFILE_DIRECTORY,
    development
  }
  return decide(file, environment)
})
