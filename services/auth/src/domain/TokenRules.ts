/**
 * TokenRules: what the claims of a token must say before they are believed.
 *
 * The signature has been checked by then, and the time is an argument. A
 * message names the rule that failed and never repeats what the token says.
 */
import { type AccessRule, allowedBy } from "@weir/core/AccessRule"
import { parseCapabilities, union, withAccess } from "@weir/core/Capability"
import { checkChannelName } from "@weir/core/ChannelName"
import { type Failure, failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"

export interface ExpectedClaims {
  readonly issuer: string
  readonly audience: string
  /** What people may by who they are, beside what their token says. */
  readonly rules: ReadonlyArray<AccessRule>
}

/** An issuer's clock may differ from ours by this much. */
const leewaySeconds = 30

/** A stolen token does harm, and its revocation must be kept, for no longer than this. */
const maxLifetimeSeconds = 24 * 60 * 60

/** A user and a token id are part of every ticket, which has 4 KiB for everything. */
export const maxNameBytes = 128

/** A handshake subscribes to all of them, and the ticket names them. */
export const maxSubscriptions = 32

/** The names of channels, each once; undefined for anything else. */
export const readSubscriptions = (claim: unknown): ReadonlyArray<string> | undefined => {
  if (!Array.isArray(claim) || claim.length > maxSubscriptions) return undefined
  const areNames = claim.every((it) => typeof it === "string" && checkChannelName(it) === undefined)
  return areNames ? [...new Set(claim as Array<string>)] : undefined
}

/** Short, and the same text in every log and encoding it goes through. */
export const isName = (text: string): boolean =>
  Buffer.byteLength(text) <= maxNameBytes && text.isWellFormed() && !/\p{Cc}/u.test(text)

/** The one refusal that a newer token cures. */
const expired = "token: expired"

export const isExpired = ({ message }: Failure): boolean => message === expired

export const invalidToken = (what: string): Failure => failure("unauthenticated", `token: ${what}`)

/** The claim as a name, or undefined for anything else. */
const readName = (claim: unknown): string | undefined =>
  typeof claim === "string" && isName(claim) ? claim : undefined

const hasAudience = (aud: unknown, audience: string): boolean =>
  Array.isArray(aud) ? aud.includes(audience) : aud === audience

const isSeconds = (claim: unknown): claim is number => Number.isSafeInteger(claim)

/** The first rule about time that is broken, if any is. */
const checkTimes = (iat: number, exp: number, nbf: unknown, now: number): Failure | undefined => {
  if (exp <= iat) return invalidToken("exp is not after iat")
  if (exp - iat > maxLifetimeSeconds) return invalidToken("exp is more than 24 h after iat")
  if (iat > now + leewaySeconds) return invalidToken("iat is in the future")
  if (nbf !== undefined && !isSeconds(nbf)) return invalidToken("nbf is not an integer")
  if (nbf !== undefined && nbf > now + leewaySeconds) return invalidToken("nbf is in the future")
  if (now >= exp + leewaySeconds) return failure("unauthenticated", expired)
  return undefined
}

/** Whom the claims speak for, or the rule they break. */
export const identify = (
  claims: unknown,
  expected: ExpectedClaims,
  nowMillis: number
): Identity | Failure => {
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
    return invalidToken("the claims are not an object")
  }
  const { iss, aud, iat, exp, nbf, sub, jti, ...wishes } = claims as Record<string, unknown>
  const { capabilities, subscriptions = [] } = wishes
  if (iss !== expected.issuer) return invalidToken(`iss is not ${expected.issuer}`)
  if (!hasAudience(aud, expected.audience)) return invalidToken(`aud is not ${expected.audience}`)
  if (!isSeconds(iat)) return invalidToken("iat is not an integer")
  if (!isSeconds(exp)) return invalidToken("exp is not an integer")
  const user = readName(sub)
  if (user === undefined) {
    return invalidToken(
      `sub is not text of at most ${maxNameBytes} bytes without control characters`
    )
  }
  const tokenId = jti === undefined ? "" : readName(jti)
  if (tokenId === undefined) {
    return invalidToken(
      `jti is not text of at most ${maxNameBytes} bytes without control characters`
    )
  }
  const asked = capabilities === undefined ? [] : parseCapabilities(capabilities)
  // Its own message would quote the token.
  if (typeof asked === "string") {
    return invalidToken("capabilities is not an object of channel patterns and known verbs")
  }
  const channels = readSubscriptions(subscriptions)
  if (channels === undefined) {
    return invalidToken(
      `subscriptions is not an array of at most ${maxSubscriptions} channel names`
    )
  }
  const untimely = checkTimes(iat, exp, nbf, nowMillis / 1000)
  if (untimely !== undefined) return untimely
  const allowed = union(asked, allowedBy(expected.rules, claims as Record<string, unknown>))
  const identity = { user, tokenId, issuedAt: iat * 1000, expiresAt: exp * 1000 }
  if (channels.length === 0) return { ...identity, capabilities: allowed }
  const may = channels.reduce((all, it) => withAccess(all, "subscribe", it), allowed)
  return { ...identity, capabilities: may, subscriptions: channels }
}
