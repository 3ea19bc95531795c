/**
 * TokenKey: a key that tokens are signed with, and the one algorithm that it is for.
 *
 * What kind of key it is says the algorithm, and never the token: so `none`, and a public key
 * that is used as a secret, are refused.
 */
import { Data, Effect } from "effect"
import { type CryptoKey, importJWK, importSPKI, type JWK } from "jose"

/** A secret shorter than the hash can be guessed; a shorter RSA key can be factored. */
const minSecretBytes = 32
const minRsaBits = 2048

/** What a `kid` may be: only ever looked up. */
export const keyIdPattern = /^[A-Za-z0-9_.-]{1,128}$/

export type Algorithm = "HS256" | "ES256" | "RS256" | "EdDSA"

/** A key as the configuration writes it. */
export interface ConfiguredKey {
  readonly id: string
  readonly algorithm: Algorithm
  /** HS256: its UTF-8 bytes are the secret. */
  readonly secret?: string
  /** The others: PEM (SPKI). */
  readonly publicKey?: string
}

export interface TokenKey {
  readonly id: string
  readonly algorithm: Algorithm
  readonly key: CryptoKey
}

/** The configured text is no key for its algorithm. */
export class UnusableKey extends Data.TaggedError("UnusableKey")<{ readonly message: string }> {}

const unusable = (id: string, what: string): UnusableKey =>
  new UnusableKey({ message: `auth.keys ${id}: ${what}` })

const importSecret = (secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify"
  ])

export const secretKey = (id: string, secret: Uint8Array<ArrayBuffer>): Effect.Effect<TokenKey> =>
  Effect.map(
    Effect.promise(() => importSecret(secret)),
    (key) => ({ id, algorithm: "HS256", key })
  )

/** Reads one key of the configuration, once, at the start. */
export const importKey = Effect.fnUntraced(function* (
  configured: ConfiguredKey
): Effect.fn.Return<TokenKey, UnusableKey> {
  const { id, algorithm, secret = "", publicKey = "" } = configured
  if (algorithm === "HS256") {
    const bytes = new TextEncoder().encode(secret)
    if (bytes.byteLength >= minSecretBytes) return yield* secretKey(id, bytes)
    return yield* unusable(id, `the secret has less than ${minSecretBytes} bytes`)
  }
  const key = yield* Effect.tryPromise({
    try: () => importSPKI(publicKey.trim(), algorithm),
    catch: () => unusable(id, `the publicKey is no PEM (SPKI) key for ${algorithm}`)
  })
  const { modulusLength = minRsaBits } = key.algorithm as { readonly modulusLength?: number }
  if (modulusLength < minRsaBits) {
    return yield* unusable(id, `the publicKey has less than ${minRsaBits} bits`)
  }
  return { id, algorithm, key }
})

const algorithmOf = ({ alg, crv, kty }: JWK): Exclude<Algorithm, "HS256"> | undefined => {
  const algorithm =
    kty === "RSA"
      ? "RS256"
      : kty === "EC" && crv === "P-256"
        ? "ES256"
        : kty === "OKP" && crv === "Ed25519"
          ? "EdDSA"
          : undefined
  // `Ed25519` is what RFC 9864 calls it.
  const names = algorithm === "EdDSA" ? ["EdDSA", "Ed25519"] : [algorithm]
  return alg === undefined || names.includes(alg as Algorithm) ? algorithm : undefined
}

/**
 * A key that an issuer publishes; undefined where it is for something else, or of no use to us.
 * What kind of key it is says for which algorithm it is, and never the token.
 */
export const importPublished = Effect.fnUntraced(function* (
  jwk: JWK
): Effect.fn.Return<TokenKey | undefined> {
  const { key_ops, kid, use } = jwk
  const algorithm = algorithmOf(jwk)
  if (algorithm === undefined || typeof kid !== "string" || !keyIdPattern.test(kid))
    return undefined
  if ((use ?? "sig") !== "sig" || !(key_ops ?? ["verify"]).includes("verify")) return undefined
  const { crv, e, kty, n, x, y } = jwk
  // Of the public half only: a private one that was published by mistake is not read.
  const key = yield* Effect.promise(() =>
    importJWK(
      Object.fromEntries(
        Object.entries({ crv, e, kty, n, x, y }).filter(([, value]) => value !== undefined)
      ) as JWK,
      algorithm
    ).catch(() => undefined)
  )
  if (key === undefined || key instanceof Uint8Array) return undefined
  const { modulusLength = minRsaBits } = key.algorithm as { readonly modulusLength?: number }
  return modulusLength < minRsaBits ? undefined : { id: kid, algorithm, key }
})
