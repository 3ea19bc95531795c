/**
 * Secrets and what people say are found nowhere but where they belong: not in logs at their most
 * talkative, not in metrics, not in what is answered to others, not in what a process says that
 * ends badly.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { GrpcReflectionClient } from "./harness/GrpcReflectionClient.ts"
import { openJson } from "./harness/JsonClient.ts"
import { auth, signToken } from "./harness/Tokens.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"

const canary = (what: string): string => `canary-${what}-7f3a91c2d4e5b6a8`

const secrets = {
  tokenSecret: canary("token-secret"),
  apiKey: canary("api-key"),
  payload: canary("payload"),
  member: canary("member"),
  signal: canary("signal"),
  claim: canary("claim"),
  backend: canary("backend")
}

const main = fileURLToPath(new URL("../deploy/standalone/src/main.ts", import.meta.url))

describe("a canary", () => {
  let server: WeirProcess
  let admin: GrpcReflectionClient
  /** What was answered to those whom it does not belong to. */
  const told: Array<string> = []
  const found = new Set<string>()

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: {
        auth: { ...auth, keys: [{ id: "hs", algorithm: "HS256", secret: secrets.tokenSecret }] },
        apiKeys: [
          {
            id: "service",
            sha256: createHash("sha256").update(secrets.apiKey).digest("hex"),
            capabilities: { "*": ["publish", "history", "presence"] },
            admin: true
          }
        ],
        rpc: [{ methods: "*", url: "http://127.0.0.1:9/", authorization: secrets.backend }],
        limits: { exempt: ["127.0.0.0/8"] }
      },
      env: { WEIR_LOG_LEVEL: "Trace" }
    })
    admin = await GrpcReflectionClient.connect(server.grpc!)
  })
  afterAll(async () => {
    admin?.close()
    await server?.stop()
  })

  const hides = (where: string, text: string): void => {
    for (const [name, secret] of Object.entries(secrets)) {
      if (text.includes(secret)) found.add(`${name} in ${where}`)
    }
  }

  const all = ["subscribe", "publish", "history", "presence", "signal"]
  const tokenOf = (claims: object) =>
    signToken({
      secret: secrets.tokenSecret,
      claims: { capabilities: { "*": all }, jti: secrets.claim, ...claims }
    })

  /** Keeps the answers but for what was published. */
  const tell = (frames: ReadonlyArray<{ readonly type: string }>) => {
    for (const frame of frames) if (frame.type === "error") told.push(JSON.stringify(frame))
  }

  it("goes through every door, well-formed and not", async () => {
    const token = await tokenOf({})
    const good = await openJson(server.http!)
    good.send("connect", { token, versions: ["1"] })
    const { payload } = await good.take("connected")
    // Of a session over WebSocket the id is no credential; what proves it is.
    Object.assign(secrets, { token, ticket: payload.ticket })
    await good.subscribe("chat:a", { member: { data: { name: secrets.member } }, presence: true })
    await good.publish("chat:a", { text: secrets.payload })
    await good.request("rpc", { method: "orders.place", data: { text: secrets.payload } })
    good.send("signal", { channel: "chat:a", data: secrets.signal })
    await good.request("publish", { channel: "nowhere:a", data: secrets.payload })
    await good.request("publish", { channel: "chat:a", data: secrets.payload, encoding: "what" })
    await good.request("publish", { channel: "chat:a", data: "x", key: secrets.payload.repeat(9) })
    await good.request("refresh", { token: `${token}x` })
    await good.request("refresh", { token: await tokenOf({ sub: "other" }) })
    good.sendRaw(
      `{"type":"publish","id":99,"payload":{"channel":"chat:a","data":"${secrets.payload}"`
    )
    await good.settle()
    tell(good.inbox)

    for (const credential of [
      { token: `${token.slice(0, -4)}AAAA` },
      { token: await tokenOf({ iss: "somebody" }) },
      { token: await tokenOf({ capabilities: { [secrets.claim]: ["rule"] } }) },
      { ticket: `${payload.ticket.slice(0, -4)}AAAA` },
      { token: secrets.claim }
    ]) {
      const bad = await openJson(server.http!)
      bad.send("connect", { versions: ["1"], ...credential })
      told.push((await bad.closed()).reason)
    }
    const early = await openJson(server.http!)
    early.sendRaw(secrets.payload)
    told.push((await early.closed()).reason)

    const session = await fetch(`http://${server.http}/v1/sessions`, {
      method: "POST",
      body: JSON.stringify({ type: "connect", id: 1, payload: { token, versions: ["1"] } })
    })
    const connected = (await session.json()) as { payload: { session: string } }
    Object.assign(secrets, { session: connected.payload.session })
    const commands = `http://${server.http}/v1/sessions/${connected.payload.session}/commands`
    await fetch(commands, { method: "POST", body: `{"type":"${secrets.payload}` })
    await fetch(`http://${server.http}/v1/sessions/${connected.payload.session}x/events`)
  })

  it("goes through the doors of services", async () => {
    const publish = (request: object, key: string) =>
      admin.call("weir.api.v1.PublishService", "Publish", request, key)
    const data = Buffer.from(JSON.stringify({ text: secrets.payload }))
    const good = await publish({ channel: "chat:a", data }, secrets.apiKey)
    assert.strictEqual(good.code, 0)
    const answers = [
      await publish(
        { channel: "chat:a", data: Buffer.from(`{"${secrets.payload}`) },
        secrets.apiKey
      ),
      await publish({ channel: "chat:a", data }, `${secrets.apiKey}x`),
      await publish({ channel: "a".repeat(300), data }, secrets.apiKey)
    ]
    for (const { code, details, failure } of answers) {
      assert.notStrictEqual(code, 0)
      told.push(details, failure ?? "")
    }
    const overHttp = await fetch(`http://${server.http}/v1/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${secrets.apiKey}x` },
      body: `{"channel":"chat:a","data":"${secrets.payload}`
    })
    told.push(await overHttp.text())
    const wrong = await fetch(`http://${server.http}/v1/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${secrets.apiKey}` },
      body: `{"channel":"chat:a","data":"${secrets.payload}`
    })
    told.push(await wrong.text())
    const request = { kind: "ban", target: { user: "mallory" } }
    await admin.call("weir.api.v1.AdminService", "Restrict", request, secrets.apiKey)
    const audit = await admin.call("weir.api.v1.AdminService", "ReadAudit", {}, secrets.apiKey)
    told.push(JSON.stringify(audit.response))
  })

  it("does not come out in a log, a metric, an answer or the audit trail", async () => {
    const metrics = await (await fetch(`http://${server.ops}/metrics`)).text()
    assert.include(metrics, "weir_connector_failures_total")
    hides("metrics", metrics)
    hides("answers", told.join("\n"))
    await server.stop()
    assert.isNotEmpty(server.log())
    hides("the log", server.log())
    assert.deepStrictEqual([...found], [])
  })

  it("does not come out of a process that cannot start", () => {
    const directory = mkdtempSync(join(tmpdir(), "weir-canary-"))
    const file = join(directory, "weir.json")
    const key = { id: "k", algorithm: "HS256", secret: secrets.tokenSecret }
    for (const config of [
      JSON.stringify({ auth: { issuer: "i", audience: "a", keys: [key, key], extra: 1 } }),
      JSON.stringify({
        auth: { issuer: "i", audience: "a", keys: [{ ...key, algorithm: "RS256" }] }
      }),
      JSON.stringify({ rpc: [{ methods: "a", url: "ftp://x", authorization: secrets.backend }] }),
      `{"auth":{"secret":"${secrets.tokenSecret}"`
    ]) {
      writeFileSync(file, config)
      const { status, stderr, stdout } = spawnSync(process.execPath, [main], {
        env: {
          ...process.env,
          WEIR_CONFIG: file,
          WEIR_REDIS_URL: `redis://:${secrets.apiKey}@nowhere:x`
        },
        encoding: "utf8",
        timeout: 20_000
      })
      assert.notStrictEqual(status, 0)
      hides("what it says", stdout + stderr)
    }
    rmSync(directory, { recursive: true, force: true })
    assert.deepStrictEqual([...found], [])
  })
})
