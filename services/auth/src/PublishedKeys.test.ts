import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Auth } from "./Auth.ts"
import { compact, goodClaims } from "./Issuer.fixture.ts"

const pair = (id: string) => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return { id, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid: id } }
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const publishing =
  (...jwks: ReadonlyArray<object>): Answer =>
  (response) =>
    response.end(JSON.stringify({ keys: jwks }))

/** An issuer whose answer may change, and that counts how often it was asked. */
const issuer = Effect.acquireRelease(
  Effect.promise(async () => {
    const it = { answer: publishing(), asked: 0, url: "" }
    const server = createServer((request, response) => {
      it.asked += 1
      it.answer(response, request)
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
    it.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
    return Object.assign(it, { server })
  }),
  ({ server }) =>
    Effect.sync(() => {
      server.close()
      server.closeAllConnections()
    })
)

const now = 1_800_000_000_000

const tokenBy = (
  { id, privateKey }: { readonly id: string; readonly privateKey: KeyObject },
  atMillis: number,
  more: object = {}
) =>
  compact({ alg: "ES256", kid: id, typ: "JWT", ...more }, goodClaims(atMillis), (input) =>
    sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" })
  )

const authFor = (jwks: string) =>
  Layer.build(
    Auth.layer({
      auth: { issuer: "https://id.example.com", audience: "weir", keys: [], jwks },
      development: false,
      namespaces: new Map()
    })
  )

const outcome = (token: string) =>
  Effect.flatMap(Auth, ({ authenticate }) =>
    Effect.match(authenticate(token), {
      onFailure: ({ code, message }) => `${code}: ${message}`,
      onSuccess: ({ user }) => user
    })
  )

const unknown = "unauthenticated: token: kid names no accepted key"

/** With auth that asks this issuer, at a time of the test's. */
const test = (
  title: string,
  body: (it: Effect.Success<typeof issuer>) => Effect.Effect<void, unknown, Auth>,
  first: Answer = publishing()
) =>
  it.effect(title, () =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* TestClock.setTime(now)
        const it = yield* issuer
        it.answer = first
        const context = yield* authFor(it.url)
        yield* Effect.provide(body(it), context)
      })
    )
  )

const [one, two, three] = [pair("one"), pair("two"), pair("three")]

describe("keys that an issuer publishes", () => {
  test(
    "are changed with some overlap, and no token is refused",
    (it) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* outcome(tokenBy(one, now)), "ann")
        it.answer = publishing(one.jwk, two.jwk)
        yield* TestClock.adjust("31 seconds")
        const later = now + 31_000
        assert.strictEqual(yield* outcome(tokenBy(two, later)), "ann")
        assert.strictEqual(yield* outcome(tokenBy(one, later)), "ann")
        it.answer = publishing(two.jwk)
        yield* TestClock.adjust("31 seconds")
        assert.strictEqual(yield* outcome(tokenBy(three, later)), unknown)
        assert.strictEqual(yield* outcome(tokenBy(one, later)), unknown)
        assert.strictEqual(yield* outcome(tokenBy(two, later)), "ann")
        assert.strictEqual(it.asked, 3)
      }),
    publishing(one.jwk)
  )

  test(
    "cost the issuer one question in 30 s, however many names are made up",
    (it) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* outcome(tokenBy(one, now)), "ann")
        yield* TestClock.adjust("30 seconds")
        const forged = (name: string) => outcome(tokenBy({ ...one, id: name }, now))
        const said = yield* Effect.forEach(
          Array.from({ length: 10_000 }, (_, index) => `made-up-${index}`),
          forged,
          { concurrency: 64 }
        )
        assert.deepStrictEqual([...new Set(said)], [unknown])
        assert.strictEqual(it.asked, 2)
        assert.strictEqual(yield* outcome(tokenBy(one, now)), "ann")
      }),
    publishing(one.jwk)
  )

  test(
    "are asked for anew behind a token when they are ten minutes old, and good for a day without an answer",
    (it) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* outcome(tokenBy(one, now)), "ann")
        it.answer = (response) => response.writeHead(503).end()
        for (const after of ["10 minutes", "1 hour", "22 hours"] as const) {
          yield* TestClock.adjust(after)
          const at = (yield* Effect.clockWith((clock) => clock.currentTimeMillis)) as number
          assert.strictEqual(yield* outcome(tokenBy(one, at)), "ann")
        }
        yield* TestClock.adjust("1 hour")
        const at = now + 24 * 3_600_000 + 600_000
        const message = "unavailable: the issuer's keys cannot be read now"
        assert.strictEqual(yield* outcome(tokenBy(one, at)), message)
      }),
    publishing(one.jwk)
  )

  it.effect.each<readonly [string, Answer]>([
    ["a text", (response) => response.end("<html>")],
    ["no keys", (response) => response.end("{}")],
    ["more than 32", publishing(...Array.from({ length: 33 }, () => one.jwk))],
    ["more than 64 KiB", publishing(one.jwk, { pad: "x".repeat(65_536) })],
    [
      "another address",
      (response, { url }) =>
        url === "/keys"
          ? response.writeHead(302, { location: "/other" }).end()
          : publishing(one.jwk)(response, {} as IncomingMessage)
    ],
    ["a key for encryption", publishing({ ...one.jwk, use: "enc" })],
    ["a key for another algorithm", publishing({ ...one.jwk, alg: "ES384" })],
    ["a secret", publishing({ kty: "oct", k: "c2VjcmV0", kid: "one", alg: "HS256" })]
  ])("are none where the issuer answers with %s", ([, answer]) =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* TestClock.setTime(now)
        const it = yield* issuer
        it.answer = answer
        const context = yield* authFor(it.url)
        const said = yield* Effect.provide(outcome(tokenBy(one, now)), context)
        assert.strictEqual(said, "unavailable: the issuer's keys cannot be read now")
      })
    )
  )

  test(
    "are for the algorithm of their kind, whatever a token says",
    () =>
      Effect.gen(function* () {
        const alg = "unauthenticated: token: alg is not the algorithm of its key"
        for (const lie of ["none", "HS256", "RS256", "ES384"]) {
          assert.strictEqual(yield* outcome(tokenBy(one, now, { alg: lie })), alg)
        }
        const noKid = "unauthenticated: token: kid is missing"
        assert.strictEqual(yield* outcome(tokenBy(one, now, { kid: undefined })), noKid)
        // A key beside it in the token is not looked at.
        const jwk = createPrivateKey({
          key: one.privateKey.export({ format: "jwk" }),
          format: "jwk"
        })
        const brought = tokenBy({ ...one, privateKey: jwk }, now, { jwk: two.jwk })
        assert.strictEqual(
          yield* outcome(brought),
          "unauthenticated: token: header jwk is not accepted"
        )
      }),
    publishing(one.jwk)
  )
})
