/**
 * Restriction: what is taken from somebody, whatever their token says.
 *
 * `revoke` ends what tokens gave: those that were issued up to a moment. `ban` keeps somebody
 * out, `mute` lets somebody read and no more, both until they end. `kick` ends the connections
 * that are open, and nothing else.
 */
import { isIP, isIPv6, SocketAddress } from "node:net"
import { Failure, failure } from "./Failure.ts"

export const restrictionKinds = ["revoke", "ban", "mute", "kick"] as const

export type RestrictionKind = (typeof restrictionKinds)[number]

/**
 * `session` by its id, or by the name that rosters show; `address` is one, or a range such as
 * 10.0.0.0/8; `everybody` has an empty value.
 */
export const targetTypes = ["user", "session", "token", "address", "everybody"] as const

export type TargetType = (typeof targetTypes)[number]

export interface RestrictionTarget {
  readonly type: TargetType
  readonly value: string
}

export interface Restriction {
  readonly kind: RestrictionKind
  readonly target: RestrictionTarget
  /** Unix milliseconds: when it was made; of `revoke`, tokens issued up to then are concerned. */
  readonly at: number
  /** Unix milliseconds: nobody needs it any more. */
  readonly until: number
  /** For those who administer; clients are not told. */
  readonly reason: string
}

export interface RestrictionPage {
  readonly restrictions: ReadonlyArray<Restriction>
  /** Empty: this was the last page. */
  readonly next: string
}

const targetsOf: { readonly [kind in RestrictionKind]: ReadonlyArray<TargetType> } = {
  revoke: ["user", "session", "token", "everybody"],
  ban: ["user", "address"],
  mute: ["user", "session"],
  kick: ["user", "session", "address"]
}

const maxValueBytes = 256
const maxReasonBytes = 256

/** As long as the longest token lives, and its leeway: then there is nothing left to revoke. */
const longestTokenMs = 24 * 60 * 60 * 1_000 + 60_000

/** For connectors that were cut off, and hear of it late. */
const kickMs = 10 * 60 * 1_000

/** Ten years: for good, and still a time. */
const longestMs = 3_650 * 24 * 60 * 60 * 1_000

/** One customer's share of IPv6. */
const bitsOfCustomer = 64

/** The kernel's spelling of an address or a range, or nothing if it is neither. */
export const canonicalRange = (text: string): string | undefined => {
  const [written = "", bits, ...rest] = text.split("/")
  const address =
    written.startsWith("::ffff:") && isIP(written.slice(7)) === 4 ? written.slice(7) : written
  if (rest.length > 0 || isIP(address) === 0 || /%/.test(address)) return undefined
  const family = isIPv6(address) ? "ipv6" : "ipv4"
  const longest = family === "ipv6" ? 128 : 32
  const length = bits ?? (family === "ipv6" ? bitsOfCustomer : longest)
  if (!/^\d{1,3}$/.test(String(length)) || Number(length) > longest || Number(length) === 0)
    return undefined
  return `${new SocketAddress({ address, family }).address}/${Number(length)}`
}

/** What names a restriction: a later one with the same name takes its place. */
export const restrictionId = ({
  kind,
  target: { type, value }
}: Pick<Restriction, "kind" | "target">): string => `${kind} ${type} ${value}`

/** The parts of such a name. */
export const partsOfId = (
  id: string
): { readonly kind: string; readonly type: string; readonly value: string } => {
  const [kind = "", type = ""] = id.split(" ", 2)
  return { kind, type, value: id.slice(kind.length + type.length + 2) }
}

const bytes = (text: string): number => Buffer.byteLength(text)

const checkValue = ({ type, value }: RestrictionTarget): string | Failure => {
  if (type === "everybody") {
    return value === "" ? value : failure("bad_request", "everybody: has no value")
  }
  if (type === "address") {
    return (
      canonicalRange(value) ??
      failure(
        "bad_request",
        "address: must be one such as 192.0.2.7, or a range such as 10.0.0.0/8"
      )
    )
  }
  return value === "" || bytes(value) > maxValueBytes || /\p{Cc}/u.test(value)
    ? failure("bad_request", `${type}: must be text of 1 to ${maxValueBytes} bytes`)
    : value
}

/** The target as it is known by, or why there is none such for this kind. */
export const checkTarget = (
  kind: RestrictionKind,
  target: RestrictionTarget
): RestrictionTarget | Failure => {
  if (!targetsOf[kind].includes(target.type)) {
    return failure(
      "bad_request",
      `target: ${kind} is of ${targetsOf[kind].join(", ")}, not of ${target.type}`
    )
  }
  const value = checkValue(target)
  return typeof value === "string" ? { type: target.type, value } : value
}

const untilOf = (kind: RestrictionKind, forMs: number, now: number): number => {
  if (kind === "revoke") return now + longestTokenMs
  if (kind === "kick") return now + kickMs
  return now + (forMs === 0 ? longestMs : Math.min(forMs, longestMs))
}

export interface Restricting {
  readonly kind: RestrictionKind
  readonly target: RestrictionTarget
  /** Of `ban` and `mute`, milliseconds; 0: for good. */
  readonly forMs: number
  /** Of `revoke`, Unix milliseconds; 0: now. */
  readonly issuedBefore: number
  readonly reason: string
}

export const isRestrictionKind = (text: string): text is RestrictionKind =>
  (restrictionKinds as ReadonlyArray<string>).includes(text)

export const isTargetType = (text: string): text is TargetType =>
  (targetTypes as ReadonlyArray<string>).includes(text)

/** The restriction that is asked for, or why there is none such. */
export const makeRestriction = (asked: Restricting, nowMillis: number): Restriction | Failure => {
  const { forMs, issuedBefore, kind, reason, target } = asked
  const checked = checkTarget(kind, target)
  if (checked instanceof Failure) return checked
  if (bytes(reason) > maxReasonBytes || /\p{Cc}/u.test(reason)) {
    return failure("bad_request", `reason: must be text of at most ${maxReasonBytes} bytes`)
  }
  if (forMs !== 0 && (kind === "revoke" || kind === "kick")) {
    return failure("bad_request", `${kind}: has no duration`)
  }
  if (issuedBefore !== 0 && kind !== "revoke") {
    return failure("bad_request", "issued_before: only where tokens are revoked")
  }
  if (forMs < 0 || issuedBefore < 0 || issuedBefore > nowMillis) {
    return failure("bad_request", "issued_before: must not lie in the future")
  }
  return {
    kind,
    target: checked,
    at: issuedBefore === 0 ? nowMillis : issuedBefore,
    until: untilOf(kind, forMs, nowMillis),
    reason
  }
}
