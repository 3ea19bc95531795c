/**
 * ApiKey: who a service is, by the key it sends.
 *
 * The configuration holds only digests. A key has 256 random bits, so a plain
 * SHA-256 is enough: there is nothing to guess from a dictionary.
 */
import { createHash, timingSafeEqual } from "node:crypto"
import type { Capabilities } from "./Capability.ts"
import { Failure, failure } from "./Failure.ts"

export interface ApiKey {
  /** The publisher of everything published with it. */
  readonly id: string
  /** SHA-256 of the key, in hex. */
  readonly sha256: string
  readonly capabilities: Capabilities
  /** May take from anybody what they may, and read the audit trail. */
  readonly admin: boolean
}

/** Known to everybody, and so only for development, on loopback. */
export const developmentKey = "dev-key"

export const digestOf = (key: string): string => createHash("sha256").update(key).digest("hex")

/** The key that an `authorization` header names, or `unauthenticated`. */
export const authenticate = (
  keys: ReadonlyArray<ApiKey>,
  authorization: string | undefined
): ApiKey | Failure => {
  const sent = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(authorization ?? "")?.[1]
  if (sent === undefined) {
    return failure("unauthenticated", "authorization: send `Bearer <API key>`")
  }
  const digest = Buffer.from(digestOf(sent), "hex")
  let found: ApiKey | undefined
  // All are compared, so that the time taken says nothing about which one matched.
  for (const key of keys) {
    if (timingSafeEqual(digest, Buffer.from(key.sha256, "hex"))) found = key
  }
  return found ?? failure("unauthenticated", "authorization: unknown API key")
}

/** More headers than keys: each may be written in several ways. */
const maxKnown = 1_024

/**
 * As `authenticate`, for many calls. A header that was accepted is known from then on: to hash it
 * and compare it with all keys costs as much as all else that a publication needs.
 */
export const makeAuthenticator = (keys: ReadonlyArray<ApiKey>) => {
  const known = new Map<string, ApiKey>()
  return (authorization: string | undefined): ApiKey | Failure => {
    const found = known.get(authorization ?? "")
    if (found !== undefined) return found
    const key = authenticate(keys, authorization)
    if (key instanceof Failure || authorization === undefined) return key
    if (known.size >= maxKnown) known.clear()
    known.set(authorization, key)
    return key
  }
}
