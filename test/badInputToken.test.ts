/**
 * Tokens and tickets that prove nothing: the connection ends with 3500, and the
 * reason says which rule was broken and nothing of what the token says.
 */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { exportSPKI, generateKeyPair } from "jose"
import { jsonCodec } from "./harness/JsonClient.ts"
import { protoCodec } from "./harness/ProtoClient.ts"
import { auth, nowSeconds, signToken, tokenFor } from "./harness/Tokens.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"
import { WireClient } from "./harness/WireClient.ts"
import { complaints, startWitness, type Witness } from "./harness/Witness.ts"

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** Another character in the place of the last but one, so that no padding bit hides it. */
const spoiled = (token: string) => {
  const at = token.length - 2
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1)
}

describe("a token", () => {
  let server: WeirProcess
  let witness: Witness
  let publicKey: string
  const open: Array<WireClient> = []

  beforeAll(async () => {
    publicKey = await exportSPKI((await generateKeyPair("ES256")).publicKey)
    const keys = [...auth.keys, { id: "es", algorithm: "ES256", publicKey }]
    server = await start({
      program: "standalone",
      config: { limits: { exempt: ["127.0.0.0/8"] }, auth: { ...auth, keys } }
    })
    witness = await startWitness(server)
  })
  afterEach(async () => {
    for (const client of open.splice(0)) client.close()
    await witness.seesLife()
  })
  afterAll(async () => {
    const found = await complaints(server)
    await server.stop()
    assert.deepStrictEqual(found, [])
  })

  const opened = async (codec = jsonCodec) => {
    const client = await WireClient.open(server.http!, codec)
    open.push(client)
    return client
  }

  it("of the configured issuer is accepted", async () => {
    const client = await opened()

    const { payload, type } = await client.request("connect", {
      token: await tokenFor("ann"),
      versions: ["1"]
    })

    assert.deepStrictEqual([type, payload.user], ["connected", "ann"])
  })

  it("that soon runs out is announced with `expiring`", async () => {
    const exp = nowSeconds() + 30
    const client = await opened()
    await client.request("connect", {
      token: await signToken({ claims: { exp } }),
      versions: ["1"]
    })

    const { id, payload } = await client.take("expiring")

    assert.deepStrictEqual([id, payload], [undefined, { expiresAt: exp * 1_000 }])
  })

  const claims = { iss: auth.issuer, aud: auth.audience, sub: "ann" }
  const bad: ReadonlyArray<readonly [string, () => Promise<string> | string]> = [
    ["that is none", () => "garbage"],
    ["of three dots", () => "..."],
    ["that is empty", () => ""],
    ["of 5,000 letters", () => "x".repeat(5_000)],
    [
      "that is expired",
      () => signToken({ claims: { iat: nowSeconds() - 7_200, exp: nowSeconds() - 3_600 } })
    ],
    ["that never expires", () => signToken({ claims: { exp: undefined as never } })],
    [
      "of tomorrow",
      () => signToken({ claims: { iat: nowSeconds() + 3_600, exp: nowSeconds() + 7_200 } })
    ],
    ["not valid yet", () => signToken({ claims: { nbf: nowSeconds() + 3_600 } })],
    ["for another audience", () => signToken({ claims: { aud: "billing" } })],
    ["of another issuer", () => signToken({ claims: { iss: "https://evil.test" } })],
    ["signed with another key", () => signToken({ secret: "x".repeat(40) })],
    ["of an unknown key", () => signToken({ header: { kid: "unknown" } })],
    ["whose signature was changed", async () => spoiled(await signToken())],
    [
      "whose claims were changed",
      async () => {
        const [header, , signature] = (await signToken()).split(".")
        const exp = nowSeconds() + 3_600
        return `${header}.${base64url({ ...claims, sub: "root", iat: nowSeconds(), exp })}.${signature}`
      }
    ],
    [
      "that is not signed, alg none",
      () => {
        const times = { iat: nowSeconds(), exp: nowSeconds() + 3_600 }
        return `${base64url({ alg: "none", kid: "hs" })}.${base64url({ ...claims, ...times })}.`
      }
    ],
    [
      "signed with a public key as if it were a secret",
      () => signToken({ header: { kid: "es" }, secret: publicKey })
    ],
    ["with a user that is no text", () => signToken({ claims: { sub: 7 as never } })],
    ["with capabilities that are none", () => signToken({ claims: { capabilities: ["chat:*"] } })],
    ["with a verb that is none", () => signToken({ claims: { capabilities: { "*": ["rule"] } } })]
  ]
  it.each(bad)("%s is closed with 3500", async (_, make) => {
    const token = await make()
    const client = await opened()

    client.send("connect", { token, versions: ["1"] })
    const { code, reason } = await client.closed()

    assert.strictEqual(code, 3500)
    assert.match(reason, /^invalid_token\b/)
    assert.notInclude(reason, "billing")
    assert.notInclude(reason, "evil.test")
    assert.deepStrictEqual(client.inbox, [])
  })

  it("that is garbage is closed with 3500 in protobuf too", async () => {
    const client = await opened(protoCodec)

    client.send("connect", { token: "garbage", versions: ["1"] })

    assert.strictEqual((await client.closed()).code, 3500)
  })

  it("that is missing is closed with 3500", async () => {
    const client = await opened()

    client.send("connect", { versions: ["1"] })

    assert.strictEqual((await client.closed()).code, 3500)
  })

  it("may stand beside a ticket that does not count any more", async () => {
    const client = await opened()

    const connect = { ticket: "stale", token: await tokenFor("ann"), versions: ["1"] }

    assert.strictEqual((await client.request("connect", connect)).type, "connected")
  })

  it.each([
    ["is garbage", () => "garbage"],
    ["was changed", spoiled]
  ])("is needed again where the ticket %s: closed with 3500", async (_, change) => {
    const token = await tokenFor("ann")
    const first = await opened()
    const { payload } = await first.request("connect", { token, versions: ["1"] })

    const client = await opened()
    client.send("connect", { ticket: change(payload.ticket), versions: ["1"] })

    assert.strictEqual((await client.closed()).code, 3500)
  })

  it("that is garbage is refused to a `refresh`, and the old one still counts", async () => {
    const client = await opened()
    await client.request("connect", { token: await tokenFor("ann"), versions: ["1"] })

    const { payload } = await client.request("refresh", { token: "garbage" })

    assert.strictEqual(payload.code, "unauthenticated")
    await client.settle()
  })
})
