/**
 * Keyring: the keys whose signatures are accepted, and nothing a token brings.
 *
 * A token's header only names a key: the key says which algorithm it is for, so
 * that `none`, a public key used as a secret, and keys inside tokens are all
 * refused. This is the only home of jose; none of its texts leave here, since
 * they may quote the token.
 */
import { Failure } from "@weir/core/Failure"
import { Data, Effect } from "effect"
import {
  type CryptoKey,
  compactVerify,
  decodeProtectedHeader,
  errors,
  importSPKI,
  type ProtectedHeaderParameters,
  SignJWT
} from "jose"
import { invalidToken } from "./domain/TokenRules.ts"

/** What the first frame of an unauthenticated connection may weigh. */
const maxTokenBytes = 8 * 1024

/** A secret shorter than the hash can be guessed; a shorter RSA key can be factored. */
const minSecretBytes = 32
const minRsaBits = 2048

const keyIdPattern = /^[A-Za-z0-9_.-]{1,128}$/

/** Headers that change what is signed, or bring a key along. */
const refusedHeaders = ["crit", "b64", "jwk", "jku", "x5u", "x5c"] as const

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

export interface Keyring {
  readonly byId: ReadonlyMap<string, TokenKey>
  /** Tried for a token that names no key: there is nothing to choose from. */
  readonly onlyConfigured: TokenKey | undefined
}

/** `own` keys are accepted as well, but only by name. */
export const makeKeyring = (
  configured: ReadonlyArray<TokenKey>,
  own: ReadonlyArray<TokenKey> = []
): Keyring => ({
  byId: new Map([...configured, ...own].map((key) => [key.id, key])),
  onlyConfigured: configured.length === 1 ? configured[0] : undefined
})

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

const readHeader = (token: string): ProtectedHeaderParameters | Failure => {
  try {
    return decodeProtectedHeader(token)
  } catch {
    return invalidToken("not a signed JWT")
  }
}

const chooseKey = (keyring: Keyring, header: ProtectedHeaderParameters): TokenKey | Failure => {
  const refused = refusedHeaders.find((name) => Object.hasOwn(header, name))
  if (refused !== undefined) return invalidToken(`header ${refused} is not accepted`)
  if (header.typ !== undefined && header.typ !== "JWT") return invalidToken("typ is not JWT")
  const { kid } = header
  if (kid === undefined) {
    return keyring.onlyConfigured ?? invalidToken("kid is missing")
  }
  if (typeof kid !== "string" || !keyIdPattern.test(kid)) return invalidToken("kid is malformed")
  return keyring.byId.get(kid) ?? invalidToken("kid names no accepted key")
}

const refusal = (error: unknown): Failure =>
  error instanceof errors.JOSEAlgNotAllowed
    ? invalidToken("alg is not the algorithm of its key")
    : error instanceof errors.JWSSignatureVerificationFailed
      ? invalidToken("the signature does not match")
      : invalidToken("not a signed JWT")

const utf8 = new TextDecoder("utf-8", { fatal: true })

const parseClaims = (payload: Uint8Array): unknown => {
  try {
    return JSON.parse(utf8.decode(payload))
  } catch {
    return invalidToken("the claims are not JSON")
  }
}

/** The claims that an accepted key has signed; whether they hold is for `TokenRules`. */
export const verify = Effect.fnUntraced(function* (
  keyring: Keyring,
  token: string
): Effect.fn.Return<unknown, Failure> {
  // Characters are bytes: a token that holds other than ASCII does not parse.
  if (token.length > maxTokenBytes) return yield* invalidToken("larger than 8 KiB")
  const header = readHeader(token)
  if (header instanceof Failure) return yield* header
  const chosen = chooseKey(keyring, header)
  if (chosen instanceof Failure) return yield* chosen
  const { payload } = yield* Effect.tryPromise({
    try: () => compactVerify(token, chosen.key, { algorithms: [chosen.algorithm] }),
    catch: refusal
  })
  const claims = parseClaims(payload)
  return claims instanceof Failure ? yield* claims : claims
})

/** A token of our own. */
export const sign = (
  { id, algorithm, key }: TokenKey,
  claims: Readonly<Record<string, unknown>>
): Effect.Effect<string> =>
  Effect.promise(() =>
    new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: id, typ: "JWT" }).sign(key)
  )
