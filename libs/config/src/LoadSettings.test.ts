import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { loadSettings } from "./LoadSettings.ts"

const directory = mkdtempSync(join(tmpdir(), "weir-config-"))
afterAll(() => rmSync(directory, { recursive: true }))

const load = (environment: Record<string, string>, file?: unknown) => {
  const path = join(directory, "weir.json")
  if (file !== undefined) writeFileSync(path, JSON.stringify(file))
  const provider = ConfigProvider.fromEnvRecord({
    ...environment,
    ...(file === undefined ? {} : { WEIR_CONFIG: path })
  })
  return loadSettings({ node: "router-1" }).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, provider),
    Effect.mapError(({ mistakes }) => mistakes.map((it) => it.replace(path, "weir.json")))
  )
}

describe("loadSettings", () => {
  it.effect("decides everything when nothing is configured, and allows nobody anything", () =>
    Effect.gen(function* () {
      const settings = yield* load({})
      assert.deepStrictEqual(
        [settings.node, settings.httpPort, settings.grpcPort, settings.opsPort],
        ["router-1", 8080, 9090, 9100]
      )
      assert.strictEqual(settings.namespaces.size, 0)
      assert.deepStrictEqual([settings.apiKeys, settings.auth.keys, settings.origins], [[], [], []])
    })
  )

  it.effect("reports every mistake of the environment and the file at once, with its path", () =>
    Effect.gen(function* () {
      const mistakes = yield* Effect.flip(
        load(
          { WEIR_HTTP_PORT: "eighty", WEIR_LOG_FORMAT: "xml" },
          {
            namespaces: { chat: { historySize: 0, histroy: 1 } },
            origins: ["https://app.example.com/path"],
            auth: {
              issuer: "me",
              audience: "weir",
              keys: [{ id: "k1", algorithm: "HS256", secret: "short" }]
            },
            limits: { exempt: ["10.0.0.0/99"] },
            colour: "blue"
          }
        )
      )
      const paths = mistakes.map((mistake) => mistake.split(": ").slice(0, -1).join(": "))
      for (const path of [
        "WEIR_HTTP_PORT",
        "WEIR_LOG_FORMAT",
        "weir.json: namespaces.chat.historySize",
        "weir.json: namespaces.chat.histroy",
        "weir.json: origins.0",
        "weir.json: auth.keys.0",
        "weir.json: limits.exempt.0",
        "weir.json: colour"
      ]) {
        assert.include(paths, path)
      }
      assert.strictEqual(paths.length, 8)
    })
  )

  it.effect("decides what a namespace leaves open by what it says", () =>
    Effect.gen(function* () {
      const { namespaces } = yield* load(
        {},
        { namespaces: { chat: { historyBytes: 4_096 }, state: { slowConsumer: "conflate" } } }
      )
      const sizes = [...namespaces.values()].map((it) => [it.historySize, it.historyBytes])
      assert.deepStrictEqual(sizes, [
        [1_000, 4_096],
        [1, 16 * 1024 * 1024]
      ])
    })
  )

  it.effect("refuses to give only the newest where it is not what is kept", () =>
    Effect.gen(function* () {
      const mistakes = yield* Effect.flip(
        load(
          {},
          {
            namespaces: {
              gone: { slowConsumer: "conflate", logged: false },
              many: { slowConsumer: "conflate", historySize: 2 },
              none: { historyBytes: 0 }
            }
          }
        )
      )
      assert.deepStrictEqual(mistakes.slice(0, 2), [
        "weir.json: namespaces.gone.logged: must be true where slowConsumer is conflate: the newest is read from the log",
        "weir.json: namespaces.many.historySize: must be 1 where slowConsumer is conflate: only the newest is ever read"
      ])
      assert.match(mistakes[2]!, /^weir.json: namespaces.none.historyBytes: /)
      assert.strictEqual(mistakes.length, 3)
    })
  )

  it.effect("never prints a secret in a report", () =>
    Effect.gen(function* () {
      const mistakes = yield* Effect.flip(
        load(
          {},
          {
            auth: {
              issuer: "me",
              audience: "weir",
              keys: [{ id: "k1", algorithm: "HS256", secret: "hunter2" }]
            }
          }
        )
      )
      assert.notInclude(mistakes.join(), "hunter2")
    })
  )

  it.effect("says so when the file is missing", () =>
    Effect.gen(function* () {
      const mistakes = yield* Effect.flip(load({ WEIR_CONFIG: "/nowhere/weir.json" }))
      assert.deepStrictEqual(mistakes, ["/nowhere/weir.json: cannot be read"])
    })
  )

  it.effect("refuses the development identity anywhere but on loopback", () =>
    Effect.gen(function* () {
      const mistakes = yield* Effect.flip(load({ WEIR_DEVELOPMENT: "true", WEIR_HOST: "0.0.0.0" }))
      assert.match(mistakes.join(), /^WEIR_HOST: .*loopback only/)
    })
  )
})
