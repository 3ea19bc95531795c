/**
 * Ticket: proof of an identity that any connector can check by itself.
 *
 * HMAC-SHA-256 over the identity, with keys that auth pushes to all connectors,
 * so that everybody coming back at once asks auth nothing. It lives as long as
 * the token it came from, and holds no subscriptions: those are authorised
 * again from the capabilities.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import { parseCapabilities } from "@weir/core/Capability"
import { type Failure, failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"

export interface TicketKey {
  readonly id: string
  /** 32 bytes. */
  readonly secret: Uint8Array
}

const maxTicketBytes = 4_096

const macOf = (key: TicketKey, body: string): Buffer =>
  createHmac("sha256", key.secret).update(`${key.id}.${body}`).digest()

/** Empty when there is no key yet, or the identity is too large for a ticket. */
export const sign = (
  keys: ReadonlyArray<TicketKey>,
  session: string,
  identity: Identity
): string => {
  const [key] = keys
  if (key === undefined) return ""
  const capabilities = Object.fromEntries(
    identity.capabilities.map(({ pattern, verbs }) => [pattern, verbs])
  )
  const body = Buffer.from(JSON.stringify({ ...identity, capabilities, session })).toString(
    "base64url"
  )
  const ticket = `${key.id}.${body}.${macOf(key, body).toString("base64url")}`
  return ticket.length > maxTicketBytes ? "" : ticket
}

const invalid = (why: string): Failure => failure("unauthenticated", `ticket: ${why}`)

export interface Ticket {
  readonly identity: Identity
  readonly sessionId: string
  /** Signed with the key that signs now: a new one would say the same. */
  readonly isCurrent: boolean
}

/** What the ticket proves, or why it proves nothing. */
export const verify = (
  keys: ReadonlyArray<TicketKey>,
  ticket: string,
  nowMillis: number
): Ticket | Failure => {
  if (ticket.length > maxTicketBytes) return invalid("too long")
  // Auth has not answered yet since this node came up: the ticket may well be good.
  if (keys.length === 0) return failure("unavailable", "ticket: cannot be judged yet", 500)
  const [id, body, mac, ...rest] = ticket.split(".")
  const key = keys.find((it) => it.id === id)
  if (key === undefined || body === undefined || mac === undefined || rest.length > 0) {
    return invalid("not one of ours, or its key is no longer accepted")
  }
  const sent = Buffer.from(mac, "base64url")
  const expected = macOf(key, body)
  if (sent.byteLength !== expected.byteLength || !timingSafeEqual(sent, expected)) {
    return invalid("not one of ours, or its key is no longer accepted")
  }
  // Ours from here on: what we signed has the shape we gave it.
  const { capabilities, user, tokenId, issuedAt, expiresAt, session } = JSON.parse(
    Buffer.from(body, "base64url").toString()
  )
  if (expiresAt <= nowMillis) return invalid("expired")
  const parsed = parseCapabilities(capabilities)
  if (typeof parsed === "string") return invalid("unreadable capabilities")
  const identity = { user, tokenId, issuedAt, expiresAt, capabilities: parsed }
  return { identity, sessionId: session, isCurrent: key === keys[0] }
}
