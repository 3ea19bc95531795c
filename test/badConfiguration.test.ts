/**
 * A configuration with mistakes: all of them are told at once, each with its
 * path, and nothing starts.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"

const main = fileURLToPath(new URL("../deploy/standalone/src/main.ts", import.meta.url))

describe("a process with a bad configuration", () => {
  let directory: string
  let file: string

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "weir-test-"))
    file = join(directory, "weir.json")
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const run = (config: string, env: Readonly<Record<string, string>> = {}) => {
    writeFileSync(file, config)
    const { status, stderr, stdout } = spawnSync(process.execPath, [main, "--json"], {
      env: { ...process.env, WEIR_HTTP_PORT: "0", WEIR_CONFIG: file, ...env },
      encoding: "utf8",
      timeout: 20_000
    })
    assert.strictEqual(stdout, "")
    assert.notMatch(stderr, /^\s+at /m)
    return { status, stderr }
  }

  it("tells every mistake with its path, and ends with 2", () => {
    const { status, stderr } = run(
      JSON.stringify({
        namespaces: {
          chat: { logged: "yes", histroySize: 3 },
          "no spaces": {},
          state: { slowConsumer: "shout" }
        },
        origins: ["*", "https://app.example.com/path"],
        limits: { frameBytes: 0, commands: { perSecond: 1 }, exempt: ["localhost"] },
        auth: { issuer: "i", keys: [{ id: "k", algorithm: "HS256", secret: "short" }] },
        apiKeys: [{ id: "k", sha256: "plain", capabilities: { "chat:*": ["rule"] } }],
        rpc: [
          { methods: "orders.*", url: "grpc://orders" },
          { methods: "a*b", url: "http://10.0.0.1/", timeoutMs: 60_000, authorization: "two words" }
        ],
        colour: "blue"
      }),
      { WEIR_OPS_PORT: "99999", WEIR_LOG_LEVEL: "Loud" }
    )

    assert.strictEqual(status, 2)
    for (const path of [
      "WEIR_OPS_PORT",
      "WEIR_LOG_LEVEL",
      "namespaces.chat.logged",
      "namespaces.chat.histroySize",
      "namespaces.no spaces",
      "namespaces.state.slowConsumer",
      "origins.0",
      "origins.1",
      "limits.frameBytes",
      "limits.commands.burst",
      "limits.exempt.0",
      "auth.audience",
      "auth.keys.0",
      "apiKeys.0.sha256",
      "apiKeys.0.capabilities",
      "rpc.0.url",
      "rpc.1.methods",
      "rpc.1.timeoutMs",
      "rpc.1.authorization",
      "colour"
    ]) {
      assert.include(stderr, `${path}: `)
    }
  })

  it("does not repeat a secret", () => {
    const secret = "too short to be a secret"
    const keys = [{ id: "k", algorithm: "HS256", secret }]

    const rpc = [{ methods: "*", url: "http://10.0.0.1/", authorization: secret }]

    const { status, stderr } = run(
      JSON.stringify({ auth: { issuer: "i", audience: "a", keys }, rpc })
    )

    assert.strictEqual(status, 2)
    assert.include(stderr, "auth.keys.0: ")
    assert.include(stderr, "rpc.0.authorization: ")
    assert.notInclude(stderr, secret)
  })

  it.each([
    ["that is not JSON", "{", {}],
    ["that is no object", "[]", {}],
    ["that is not there", "{}", { WEIR_CONFIG: "/nowhere/weir.json" }]
  ])("tells of a file %s, and ends with 2", (_, config, env) => {
    const { status, stderr } = run(config, env)

    assert.strictEqual(status, 2)
    assert.include(stderr, "weir.json: ")
  })

  it("offers the development identity on loopback only", () => {
    const { status, stderr } = run("{}", { WEIR_HOST: "0.0.0.0" })

    assert.strictEqual(status, 2)
    assert.include(stderr, "WEIR_HOST: ")
  })
})
