/**
 * LoadSettings: reads the environment and the file, and reports every mistake
 * of both at once, each with its path.
 */
import { readFile } from "node:fs/promises"
import { Config, Data, Effect, Result, Schema, SchemaIssue } from "effect"
import { decide, type Environment, type Settings } from "./Settings.ts"
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
  WEIR_LOG_LEVEL: {
    fallback: "Info",
    schema: Schema.Literals(["All", "Trace", "Debug", "Info", "Warn", "Error", "Fatal", "None"])
  },
  WEIR_LOG_FORMAT: { fallback: "pretty", schema: Schema.Literals(["pretty", "json"]) },
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
  if (mistakes.length > 0) return yield* new ConfigMistakes({ mistakes })
  const environment: Environment = {
    node: values.WEIR_NODE === "" ? options.node : values.WEIR_NODE,
    host: values.WEIR_HOST,
    httpPort: values.WEIR_HTTP_PORT,
    grpcPort: values.WEIR_GRPC_PORT,
    meshPort: values.WEIR_MESH_PORT,
    opsPort: values.WEIR_OPS_PORT,
    logLevel: values.WEIR_LOG_LEVEL,
    logFormat: values.WEIR_LOG_FORMAT,
    development
  }
  return decide(file, environment)
})
