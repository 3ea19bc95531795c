/**
 * Ticket: proof of an identity that any connector can check by itself.
 *
 * HMAC-SHA-256 over the identity, with keys that auth pushes to all connectors,
 * so that everybody coming back at once asks auth nothing. It lives as long as
 * the token it came from, and holds no subscriptions: those are authorised
 * again from the capabilities.
 *
 * `<key>.<who>.<capabilities>.<mac>`: the capabilities stand for themselves, because many
 * clients have the same: they are written and read once for all of these.
 */
import { timingSafeEqual } from "node:crypto"
import type { Capabilities } from "@weir/core/Capability"
import { type Failure, failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import { SharedCapabilities } from "@weir/core/SharedCapabilities"
import { hmacSha256, maxTextLength } from "./Hmac.ts"

export interface TicketKey {
  readonly id: string
  /** HMAC-SHA-256 of a text, in base64url. */
  readonly mac: (text: string) => string
}

/** `secret`: 32 bytes. */
export const ticketKey = (id: string, secret: Uint8Array): TicketKey => ({
  id,
  mac: hmacSha256(secret)
})

const maxTicketBytes = maxTextLength

/** Of 32 bytes in base64url. */
const macLength = 43

const toText = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

const fromText = (text: string): unknown => JSON.parse(Buffer.from(text, "base64url").toString())

const shared = new SharedCapabilities()
/** How capabilities that are shared are written. */
const texts = new WeakMap<Capabilities, string>()

const textOf = (capabilities: Capabilities): string => {
  let text = texts.get(capabilities)
  if (text === undefined) {
    text = toText(Object.fromEntries(capabilities.map(({ pattern, verbs }) => [pattern, verbs])))
    texts.set(capabilities, text)
  }
  return text
}

/** Empty when there is no key yet, or the identity is too large for a ticket. */
export const sign = (
  keys: ReadonlyArray<TicketKey>,
  session: string,
  { capabilities, expiresAt, issuedAt, tokenId, user }: Identity
): string => {
  const [key] = keys
  if (key === undefined) return ""
  const who = toText([session, user, tokenId, issuedAt, expiresAt])
  const signed = `${key.id}.${who}.${textOf(capabilities)}`
  if (signed.length + 1 + macLength > maxTicketBytes) return ""
  return `${signed}.${key.mac(signed)}`
}

const invalid = (why: string): Failure => failure("unauthenticated", `ticket: ${why}`)

const notOurs = () => invalid("not one of ours, or its key is no longer accepted")

const isSame = (one: string, other: string): boolean =>
  one.length === other.length &&
  timingSafeEqual(Buffer.from(one, "latin1"), Buffer.from(other, "latin1"))

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
  const [id, who, capabilities, mac, ...rest] = ticket.split(".")
  const key = keys.find((it) => it.id === id)
  if (key === undefined || who === undefined || capabilities === undefined) return notOurs()
  if (mac === undefined || rest.length > 0) return notOurs()
  if (!isSame(mac, key.mac(ticket.slice(0, -mac.length - 1)))) return notOurs()
  // Ours from here on: what we signed has the shape we gave it.
  const [sessionId, user, tokenId, issuedAt, expiresAt] = fromText(who) as [
    ...[string, string, string],
    ...[number, number]
  ]
  if (expiresAt <= nowMillis) return invalid("expired")
  const parsed = shared.of(capabilities, () => fromText(capabilities))
  if (typeof parsed === "string") return invalid("unreadable capabilities")
  const identity = { user, tokenId, issuedAt, expiresAt, capabilities: parsed }
  return { identity, sessionId, isCurrent: key === keys[0] }
}
