/**
 * Issuer: whoever signs tokens, for tests; one that can be told to lie.
 *
 * Written on node:crypto, so that jose is not judged by itself.
 */
import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import type { Algorithm, ConfiguredKey } from "./TokenKey.ts"

type Header = Readonly<Record<string, unknown>>
type Signer = (input: string) => Buffer

export interface Issuer {
  readonly settings: ConfiguredKey
  /** Signed properly, whatever the header and the payload say. */
  readonly token: (payload: unknown, header?: Header) => string
  /** The same over a payload that is encoded already, or not at all. */
  readonly tokenOver: (encodedPayload: string, header?: Header) => string
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

const compactOver = (header: unknown, encodedPayload: string, signer: Signer): string => {
  const input = `${encode(header)}.${encodedPayload}`
  return `${input}.${signer(input).toString("base64url")}`
}

/** Any header over any payload, with any signature. */
export const compact = (header: unknown, payload: unknown, signer: Signer): string =>
  compactOver(header, encode(payload), signer)

export const hmac =
  (secret: string | Buffer): Signer =>
  (input) =>
    createHmac("sha256", secret).update(input).digest()

const pairs = {
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  EdDSA: () => generateKeyPairSync("ed25519")
}

const signWith = (algorithm: Algorithm, key: KeyObject): Signer => {
  const digest = algorithm === "EdDSA" ? null : "sha256"
  return (input) => sign(digest, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" })
}

export const pemOf = (key: KeyObject): string =>
  key.export({ type: "spki", format: "pem" }).toString()

export const makeIssuer = (algorithm: Algorithm, id = "k1"): Issuer => {
  const issuer = (settings: ConfiguredKey, signer: Signer): Issuer => {
    const full = (header: Header) => ({ alg: algorithm, kid: id, typ: "JWT", ...header })
    return {
      settings,
      token: (payload, header = {}) => compact(full(header), payload, signer),
      tokenOver: (encodedPayload, header = {}) => compactOver(full(header), encodedPayload, signer)
    }
  }
  if (algorithm === "HS256") {
    const secret = randomBytes(24).toString("base64")
    return issuer({ id, algorithm, secret }, hmac(secret))
  }
  const { publicKey, privateKey } = pairs[algorithm]()
  return issuer({ id, algorithm, publicKey: pemOf(publicKey) }, signWith(algorithm, privateKey))
}

/** What a good token says at this time. */
export const goodClaims = (nowMillis: number, more: Readonly<Record<string, unknown>> = {}) => ({
  iss: "https://id.example.com",
  aud: "weir",
  sub: "ann",
  iat: Math.floor(nowMillis / 1000),
  exp: Math.floor(nowMillis / 1000) + 3600,
  ...more
})
