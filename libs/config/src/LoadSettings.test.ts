import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { type LoadOptions, loadSettings } from "./LoadSettings.ts"
import { advertised } from "./Settings.ts"

const directory = mkdtempSync(join(tmpdir(), "weir-config-"))
afterAll(() => rmSync(directory, { recursive: true }))

const load = (
  environment: Record<string, string>,
  file?: unknown,
  options: Partial<LoadOptions> = {}
) => {
  const path = join(directory, "weir.json")
  if (file !== undefined) writeFileSync(path, JSON.stringify(file))
  const provider = ConfigProvider.fromEnvRecord({
    ...environment,
    ...(file === undefined ? {} : { WEIR_CONFIG: path })
  })
  return loadSettings({ node: "router-1", ...options }).pipe(
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
            drain: { windowSeconds: -1, windowSecs: 45 },
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
        "weir.json: drain.windowSeconds",
        "weir.json: drain.windowSecs",
        "weir.json: colour"
      ]) {
        assert.include(paths, path)
      }
      assert.strictEqual(paths.length, 10)
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

  it.effect("refuses a namespace whose options contradict each other", () =>
    Effect.gen(function* () {
      const mistakes = yield* Effect.flip(
        load(
          {},
          {
            namespaces: {
              keys: { slowConsumer: "dropOldest", conflateByKey: true },
              many: { slowConsumer: "conflate", historySize: 2 },
              none: { historyBytes: 0 }
            }
          }
        )
      )
      assert.deepStrictEqual(mistakes.slice(0, 2), [
        "weir.json: namespaces.keys.conflateByKey: needs slowConsumer conflate: nothing else looks at keys",
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

  it.effect("takes Redis in each of its shapes", () =>
    Effect.gen(function* () {
      for (const scheme of ["redis", "rediss", "redis+sentinel", "redis+cluster"]) {
        const { redisUrl } = yield* load({ WEIR_REDIS_URL: `${scheme}://redis:6379` })
        assert.strictEqual(redisUrl, `${scheme}://redis:6379`)
      }
      assert.strictEqual((yield* load({})).redisUrl, "")
    })
  )

  it.effect("refuses what is no Redis, without repeating what may hold a password", () =>
    Effect.gen(function* () {
      for (const url of ["http://:hunter2@redis", "redis:hunter2", "redis://"]) {
        const mistakes = yield* Effect.flip(load({ WEIR_REDIS_URL: url }))
        assert.match(mistakes.join(), /^WEIR_REDIS_URL: .*redis:\/\/, rediss:\/\/, /)
        assert.notInclude(mistakes.join(), "hunter2")
      }
    })
  )

  it.effect("tells others the host that it listens on, unless it is told another", () =>
    Effect.gen(function* () {
      const redis = { WEIR_REDIS_URL: "redis://redis" }
      const same = yield* load({ ...redis, WEIR_HOST: "10.0.0.3" })
      assert.strictEqual(advertised(same, "10.0.0.3:7000"), "10.0.0.3:7000")
      const other = yield* load({ ...redis, WEIR_HOST: "::", WEIR_ADVERTISE: "router-1.weir" })
      assert.strictEqual(advertised(other, "[::]:7000"), "router-1.weir:7000")
      const six = yield* load({ ...redis, WEIR_HOST: "::", WEIR_ADVERTISE: "fd00::3" })
      assert.strictEqual(advertised(six, "[::]:7000"), "[fd00::3]:7000")
    })
  )

  it.effect("tells others the port too, if it is told one", () =>
    Effect.gen(function* () {
      for (const address of ["router-1.weir:7100", "10.0.0.3:7100", "[fd00::3]:7100"]) {
        const settings = yield* load({ WEIR_REDIS_URL: "redis://redis", WEIR_ADVERTISE: address })
        assert.strictEqual(advertised(settings, "127.0.0.1:7000"), address)
      }
    })
  )

  it.effect("refuses an address to tell others that is none", () =>
    Effect.gen(function* () {
      for (const address of ["a:0", "a:70000", "a:b", ":7000", "http://a:1", "[fd00::3]", "a b"]) {
        const environment = { WEIR_REDIS_URL: "redis://redis", WEIR_ADVERTISE: address }
        assert.match(
          (yield* Effect.flip(load(environment))).join(),
          /^WEIR_ADVERTISE: must be a host, or host:port/
        )
      }
    })
  )

  it.effect("asks for the address to tell where listening everywhere gives none", () =>
    Effect.gen(function* () {
      for (const host of ["0.0.0.0", "::"]) {
        const environment = { WEIR_HOST: host, WEIR_REDIS_URL: "redis://redis" }
        assert.match((yield* Effect.flip(load(environment))).join(), /^WEIR_ADVERTISE: set it to /)
        // Without Redis nobody is told.
        yield* load({ WEIR_HOST: host })
      }
    })
  )

  it.effect("asks a process among others how it finds them", () =>
    Effect.gen(function* () {
      const among = { amongOthers: true }
      const mistakes = yield* Effect.flip(load({}, {}, among))
      assert.match(mistakes.join(), /set WEIR_REDIS_URL, or list the nodes in weir.json/)
      yield* load({ WEIR_REDIS_URL: "redis://redis" }, {}, among)
      const nodes = [{ name: "router-1", role: "router", mesh: "10.0.0.3:7000" }]
      yield* load({}, { nodes }, among)
    })
  )

  it.effect("asks for Redis where publications shall be on replicas of it", () =>
    Effect.gen(function* () {
      const file = { namespaces: { orders: { durableReplicas: 1 }, chat: { durableReplicas: 0 } } }
      assert.deepStrictEqual(yield* Effect.flip(load({}, file)), [
        "weir.json: namespaces.orders.durableReplicas: without Redis there are no replicas: set WEIR_REDIS_URL"
      ])
      const { namespaces } = yield* load({ WEIR_REDIS_URL: "redis://redis" }, file)
      assert.strictEqual(namespaces.get("orders")?.durableReplicas, 1)
    })
  )

  it.effect("profiles what the command line names, else the variable, else nothing", () =>
    Effect.gen(function* () {
      const nothing = yield* load({})
      assert.deepStrictEqual([nothing.profile, nothing.profileDirectory], [undefined, "."])
      const variables = { WEIR_PROFILE: "heap", WEIR_PROFILE_DIRECTORY: "/profiles" }
      const heap = yield* load(variables)
      assert.deepStrictEqual([heap.profile, heap.profileDirectory], ["heap", "/profiles"])
      assert.strictEqual((yield* load(variables, {}, { profile: "cpu" })).profile, "cpu")
      const mistakes = yield* Effect.flip(load({ WEIR_PROFILE: "disk" }))
      assert.match(mistakes.join(), /^WEIR_PROFILE: .*"cpu"/)
    })
  )
})
