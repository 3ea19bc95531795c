/**
 * Restrictions: all that hold now, and whom they concern.
 *
 * To ask takes a few look-ups, however many there are: it is asked for everybody who connects.
 */
import { type AddressFamily, addressesIn, familyOf, plainAddress } from "./AddressRanges.ts"
import {
  type Restriction,
  type RestrictionKind,
  restrictionId,
  type TargetType
} from "./Restriction.ts"

/** Somebody, as far as restrictions tell people apart. */
export interface Standing {
  /** Empty: nobody that has a name. */
  readonly user: string
  readonly tokenId: string
  readonly sessionId: string
  /** What others see of the session. */
  readonly publicName: string
  /** Unix milliseconds. */
  readonly issuedAt: number
  /** Empty: not known. */
  readonly address: string
}

/** What becomes of them: names of close codes. */
export type Sentence = "revoked" | "banned"

const longestOf = (family: AddressFamily): number => (family === "ipv6" ? 128 : 32)

/** More than one address. */
const isWide = (range: string): boolean => {
  const [network = "", bits] = range.split("/")
  return Number(bits) < longestOf(familyOf(network))
}

/** A token says its second only: one of the same second is taken for older. */
const isIssuedUpTo = (restriction: Restriction | undefined, issuedAt: number): boolean =>
  restriction !== undefined && issuedAt <= restriction.at

export class Restrictions {
  readonly #byId = new Map<string, Restriction>()
  /** By kind and type of target, and then by the target's value. */
  readonly #byTarget = new Map<string, Map<string, Restriction>>()
  /** Of addresses, the ranges of each kind: single ones are looked up. Made when needed. */
  readonly #ranges = new Map<RestrictionKind, (address: string) => boolean>()

  get size(): number {
    return this.#byId.size
  }

  values(): Iterable<Restriction> {
    return this.#byId.values()
  }

  put(restriction: Restriction): void {
    const { kind, target } = restriction
    this.#byId.set(restrictionId(restriction), restriction)
    const key = `${kind} ${target.type}`
    const targets = this.#byTarget.get(key) ?? new Map()
    this.#byTarget.set(key, targets.set(target.value, restriction))
    if (target.type === "address") this.#ranges.delete(kind)
  }

  /** True if there was one. */
  lift(id: string): boolean {
    const restriction = this.#byId.get(id)
    if (restriction === undefined) return false
    const { kind, target } = restriction
    this.#byId.delete(id)
    this.#byTarget.get(`${kind} ${target.type}`)?.delete(target.value)
    if (target.type === "address") this.#ranges.delete(kind)
    return true
  }

  /** Lets go of those that are over, and gives their ids. */
  expire(nowMillis: number): ReadonlyArray<string> {
    const over: Array<string> = []
    for (const [id, { until }] of this.#byId) if (until <= nowMillis) over.push(id)
    for (const id of over) this.lift(id)
    return over
  }

  #of(kind: RestrictionKind, type: TargetType, value: string): Restriction | undefined {
    if (value === "" && type !== "everybody") return undefined
    return this.#byTarget.get(`${kind} ${type}`)?.get(value)
  }

  #hasAddress(kind: RestrictionKind, address: string): boolean {
    const ranges = this.#byTarget.get(`${kind} address`)
    if (ranges === undefined || ranges.size === 0 || address === "") return false
    const plain = plainAddress(address)
    if (ranges.has(`${plain}/${longestOf(familyOf(plain))}`)) return true
    const isInRange = this.#ranges.get(kind) ?? addressesIn([...ranges.keys()].filter(isWide))
    this.#ranges.set(kind, isInRange)
    return isInRange(plain)
  }

  /** May nobody come from there? */
  isBanned(address: string): boolean {
    return this.#hasAddress("ban", address)
  }

  /** Why somebody may not be here, if so. */
  judge(who: Standing): Sentence | undefined {
    if (this.#byId.size === 0) return undefined
    if (this.#of("ban", "user", who.user) !== undefined || this.isBanned(who.address)) {
      return "banned"
    }
    const { issuedAt } = who
    const isRevoked =
      isIssuedUpTo(this.#of("revoke", "user", who.user), issuedAt) ||
      isIssuedUpTo(this.#of("revoke", "everybody", ""), issuedAt) ||
      this.#of("revoke", "token", who.tokenId) !== undefined ||
      this.#ofSession("revoke", who) !== undefined
    return isRevoked ? "revoked" : undefined
  }

  #ofSession(kind: RestrictionKind, { publicName, sessionId }: Standing): Restriction | undefined {
    return this.#of(kind, "session", sessionId) ?? this.#of(kind, "session", publicName)
  }

  /** Does a kick concern somebody? */
  kicks(who: Standing): boolean {
    if (this.#byId.size === 0) return false
    return (
      this.#of("kick", "user", who.user) !== undefined ||
      this.#ofSession("kick", who) !== undefined ||
      this.#hasAddress("kick", who.address)
    )
  }

  /** What takes the right to speak from somebody, if anything does. */
  muted(who: Standing): Restriction | undefined {
    if (this.#byId.size === 0) return undefined
    return this.#of("mute", "user", who.user) ?? this.#ofSession("mute", who)
  }
}
