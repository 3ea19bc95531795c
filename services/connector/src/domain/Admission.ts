/**
 * Admission: who may open a connection at all, before a byte of it is read.
 */
import { isIPv6 } from "node:net"
import { type Failure, failure } from "@weir/core/Failure"
import { type Rate, TokenBucket } from "@weir/flow/TokenBucket"

/** Buckets of addresses seen lately. At the limit the fullest are forgotten: they lose nothing. */
const maxAddresses = 100_000

/** The eight groups of an IPv6 address, however it is abbreviated. */
const groupsOf = (address: string): ReadonlyArray<string> => {
  const [head = "", tail] = address.split("::")
  const before = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  return [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after]
}

/** Who shares a limit: the address, and in IPv6 the /64 that one customer is given. */
export const limitKeyOf = (address: string): string =>
  isIPv6(address) && !address.startsWith("::ffff:")
    ? groupsOf(address).slice(0, 4).join(":")
    : address

/** A browser sends the page's origin; a program sends none. */
export const checkOrigin = (
  allowed: ReadonlyArray<string>,
  origin: string | undefined
): Failure | undefined =>
  origin === undefined || allowed.includes(origin)
    ? undefined
    : failure("permission_denied", "origin: not in the configured list")

export class Handshakes {
  readonly #rate: Rate
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** Takes one, or says when to come back. */
  admit(address: string, nowMillis: number): Failure | undefined {
    const key = limitKeyOf(address)
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      if (this.#buckets.size >= maxAddresses) this.#forgetFull(nowMillis)
      bucket = new TokenBucket(this.#rate, nowMillis)
      this.#buckets.set(key, bucket)
    }
    const waitMs = bucket.take(nowMillis)
    return waitMs === 0
      ? undefined
      : failure(
          "too_many_requests",
          `handshakes: ${this.#rate.perSecond} a second from one address`,
          waitMs
        )
  }

  #forgetFull(nowMillis: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (bucket.isFull(nowMillis)) this.#buckets.delete(key)
    }
    // All of them busy: an attack from everywhere. Starting over keeps memory bounded.
    if (this.#buckets.size >= maxAddresses) this.#buckets.clear()
  }
}
