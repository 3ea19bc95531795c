import { generateKeyPairSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@weir/core/Failure"
import { Effect } from "effect"
import { compact, goodClaims, hmac, makeIssuer, pemOf } from "./Issuer.fixture.ts"
import { fixedKeys, makeKeyring } from "./Keys.ts"
import { sign, verify } from "./SignedToken.ts"
import { type Algorithm, importKey, secretKey } from "./TokenKey.ts"

const hs = makeIssuer("HS256", "hs")
const es = makeIssuer("ES256", "es")
const rs = makeIssuer("RS256", "rs")
const ed = makeIssuer("EdDSA", "ed")
const trusted = [hs, es, rs, ed]
const claims = goodClaims(1_800_000_000_000)

const keyringOf = (issuers: typeof trusted) =>
  Effect.map(
    Effect.forEach(issuers, ({ settings }) => importKey(settings)),
    (keys) => fixedKeys(makeKeyring(keys))
  )

const check = (token: string, issuers = trusted) =>
  Effect.flatMap(keyringOf(issuers), (keyring) => verify(keyring, token))

describe("Keyring", () => {
  it.effect.each(trusted.map((issuer) => [issuer.settings.algorithm, issuer] as const))(
    "reads the claims that a key for %s has signed",
    ([, issuer]) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* check(issuer.token(claims)), claims)
        assert.deepStrictEqual(yield* check(issuer.token(claims, { typ: undefined })), claims)
      })
  )

  it.effect("tries a token without kid when there is one configured key, and only then", () =>
    Effect.gen(function* () {
      const anonymous = es.token(claims, { kid: undefined })
      const own = yield* secretKey("own", new Uint8Array(32))
      const esKey = yield* importKey(es.settings)

      assert.deepStrictEqual(yield* check(anonymous, [es]), claims)
      assert.deepStrictEqual(
        yield* verify(fixedKeys(makeKeyring([esKey], [own])), anonymous),
        claims
      )
      const refused = yield* Effect.flip(check(anonymous, [es, ed]))
      assert.strictEqual(refused.message, "token: kid is missing")
    })
  )

  it.effect("accepts what it has signed with a key of its own, by name", () =>
    Effect.gen(function* () {
      const own = yield* secretKey("own", crypto.getRandomValues(new Uint8Array(32)))
      const token = yield* sign(own, claims)
      assert.deepStrictEqual(yield* verify(fixedKeys(makeKeyring([], [own])), token), claims)
      const refused = yield* Effect.flip(verify(fixedKeys(makeKeyring([])), token))
      assert.strictEqual(refused.message, "token: kid names no accepted key")
    })
  )

  const unsigned = () => Buffer.alloc(0)
  const rsaPem = rs.settings.publicKey ?? ""
  const stranger = (algorithm: Algorithm, id: string) => makeIssuer(algorithm, id).token(claims)
  const altered = (token: string) => {
    const [header, , signature] = token.split(".")
    const payload = Buffer.from(JSON.stringify({ ...claims, sub: "admin" })).toString("base64url")
    return `${header}.${payload}.${signature}`
  }
  const jwk = {
    kty: "oct",
    k: Buffer.from("a secret that the token brings!!").toString("base64url")
  }
  const signedByItsOwn = compact(
    { alg: "HS256", kid: "hs", jwk },
    claims,
    hmac("a secret that the token brings!!")
  )
  const base64url = Buffer.from(JSON.stringify(claims)).toString("base64url")

  const alg = "token: alg is not the algorithm of its key"
  const signature = "token: the signature does not match"
  const notJwt = "token: not a signed JWT"
  it.effect.each([
    ["alg none", compact({ alg: "none", kid: "es" }, claims, unsigned), alg],
    ["alg None", compact({ alg: "None", kid: "es" }, claims, unsigned), alg],
    ["no alg", es.token(claims, { alg: undefined }), notJwt],
    [
      "HS256 with a public RSA key as secret",
      compact({ alg: "HS256", kid: "rs" }, claims, hmac(rsaPem)),
      alg
    ],
    ["RS256 against a secret", rs.token(claims, { kid: "hs" }), alg],
    ["another name for the key's algorithm", ed.token(claims, { alg: "Ed25519" }), alg],
    ["a stranger's key for HS256", stranger("HS256", "hs"), signature],
    ["a stranger's key for ES256", stranger("ES256", "es"), signature],
    ["a stranger's key for RS256", stranger("RS256", "rs"), signature],
    ["a stranger's key for EdDSA", stranger("EdDSA", "ed"), signature],
    ["claims that were altered", altered(hs.token(claims)), signature],
    ["no signature", hs.token(claims).replace(/[^.]*$/, ""), signature],
    [
      "an ES256 signature of zeros",
      compact({ alg: "ES256", kid: "es" }, claims, () => Buffer.alloc(64)),
      signature
    ],
    [
      "the kid of a key that nobody configured",
      es.token(claims, { kid: "es2" }),
      "token: kid names no accepted key"
    ],
    [
      "a kid that every object has",
      es.token(claims, { kid: "constructor" }),
      "token: kid names no accepted key"
    ],
    ["a kid that is a path", es.token(claims, { kid: "../es" }), "token: kid is malformed"],
    [
      "a kid of 129 characters",
      es.token(claims, { kid: "k".repeat(129) }),
      "token: kid is malformed"
    ],
    ["a kid that is a list", es.token(claims, { kid: ["es"] }), "token: kid is malformed"],
    [
      "an unknown crit",
      es.token(claims, { crit: ["exp"], exp: 1 }),
      "token: header crit is not accepted"
    ],
    [
      "an unencoded payload",
      es.tokenOver("claims", { b64: false, crit: ["b64"] }),
      "token: header crit is not accepted"
    ],
    ["b64 alone", es.token(claims, { b64: false }), "token: header b64 is not accepted"],
    ["a key inside the token", signedByItsOwn, "token: header jwk is not accepted"],
    [
      "the address of a key",
      es.token(claims, { jku: "https://evil.example/jwks" }),
      "token: header jku is not accepted"
    ],
    [
      "the address of a certificate",
      es.token(claims, { x5u: "https://evil.example/" }),
      "token: header x5u is not accepted"
    ],
    [
      "a token made for something else",
      es.token(claims, { typ: "at+jwt" }),
      "token: typ is not JWT"
    ],
    ["claims that are not JSON", es.tokenOver("bm90IGpzb24"), "token: the claims are not JSON"],
    ["claims that are not UTF-8", es.tokenOver("_w"), "token: the claims are not JSON"],
    ["an encrypted token", `${es.token(claims)}.e.f`, notJwt],
    ["an empty text", "", notJwt],
    ["two parts", `e30.${base64url}`, notJwt],
    [
      "a header that is a list",
      `${Buffer.from("[]").toString("base64url")}.${base64url}.e`,
      notJwt
    ],
    ["a header that is no base64url", `{"alg":"none"}.${base64url}.`, notJwt],
    ["letters beyond ASCII", "é.é.é", notJwt]
  ] as const)("refuses %s", ([, token, message]) =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(check(token))
      assert.instanceOf(refused, Failure)
      assert.deepStrictEqual([refused.code, refused.message], ["unauthenticated", message])
    })
  )

  it.effect("refuses what is larger than 8 KiB before it reads any of it", () =>
    Effect.gen(function* () {
      const padded = hs.token({ ...claims, note: "x".repeat(8 * 1024) })
      for (const token of [padded, ".".repeat(8 * 1024 + 1)]) {
        assert.strictEqual((yield* Effect.flip(check(token))).message, "token: larger than 8 KiB")
      }
    })
  )

  const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey
  it.effect.each([
    ["a secret of 31 bytes", { algorithm: "HS256", secret: "s".repeat(31) }],
    ["an RSA key of 1024 bits", { algorithm: "RS256", publicKey: pemOf(small) }],
    ["a key on another curve", { algorithm: "ES256", publicKey: pemOf(p384) }],
    ["a key for another algorithm", { algorithm: "EdDSA", publicKey: rsaPem }],
    ["a text that is no key", { algorithm: "RS256", publicKey: "-----BEGIN PUBLIC KEY-----" }]
  ] as const)("does not start with %s", ([, settings]) =>
    Effect.gen(function* () {
      const unusable = yield* Effect.flip(importKey({ id: "k1", ...settings }))
      assert.match(unusable.message, /^auth\.keys k1: the (secret|publicKey) /)
    })
  )
})
