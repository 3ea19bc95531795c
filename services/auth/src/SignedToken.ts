/**
 * SignedToken: a JWT, as what its signature proves, and nothing that it brings.
 *
 * A token's header only names a key: the key says which algorithm it is for, and keys inside
 * tokens are refused. None of jose's texts leave here, since they may quote the token.
 */
import { Failure } from "@weir/core/Failure"
import { Effect } from "effect"
import {
  compactVerify,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type ProtectedHeaderParameters,
  SignJWT
} from "jose"
import { invalidToken } from "./domain/TokenRules.ts"
import type { Keys } from "./Keys.ts"
import { keyIdPattern, type TokenKey } from "./TokenKey.ts"

/** What the first frame of an unauthenticated connection may weigh. */
const maxTokenBytes = 8 * 1024

/** Headers that change what is signed, or bring a key along. */
const refusedHeaders = ["crit", "b64", "jwk", "jku", "x5u", "x5c"] as const

const readHeader = (token: string): ProtectedHeaderParameters | Failure => {
  try {
    return decodeProtectedHeader(token)
  } catch {
    return invalidToken("not a signed JWT")
  }
}

/** The name of the key, if the header has one and nothing that is refused. */
const kidOf = (header: ProtectedHeaderParameters): string | undefined | Failure => {
  const refused = refusedHeaders.find((name) => Object.hasOwn(header, name))
  if (refused !== undefined) return invalidToken(`header ${refused} is not accepted`)
  if (header.typ !== undefined && header.typ !== "JWT") return invalidToken("typ is not JWT")
  const { kid } = header
  if (kid === undefined) return undefined
  return typeof kid === "string" && keyIdPattern.test(kid) ? kid : invalidToken("kid is malformed")
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
  keys: Keys,
  token: string
): Effect.fn.Return<unknown, Failure> {
  // Characters are bytes: a token that holds other than ASCII does not parse.
  if (token.length > maxTokenBytes) return yield* invalidToken("larger than 8 KiB")
  const header = readHeader(token)
  if (header instanceof Failure) return yield* header
  const kid = kidOf(header)
  if (kid instanceof Failure) return yield* kid
  const chosen = yield* keys.find(kid)
  const { payload } = yield* Effect.tryPromise({
    try: () => compactVerify(token, chosen.key, { algorithms: [chosen.algorithm] }),
    catch: refusal
  })
  const claims = parseClaims(payload)
  return claims instanceof Failure ? yield* claims : claims
})

/** Whose token it claims to be: what chooses the keys that have to prove it. */
export const claimedIssuer = (token: string): string | undefined => {
  if (token.length > maxTokenBytes) return undefined
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** A token of our own. */
export const sign = (
  { id, algorithm, key }: TokenKey,
  claims: Readonly<Record<string, unknown>>
): Effect.Effect<string> =>
  Effect.promise(() =>
    new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: id, typ: "JWT" }).sign(key)
  )
