/**
 * NodeAdmission: how many clients this node lets in, and who of them is served first.
 *
 * At the door nobody knows who comes back and who is new: one bucket for all of them keeps what
 * handshakes take from those who are here already. Who it is, `connect` says. Who comes back is
 * served at once, since for them a promise is kept; newcomers have what that leaves, and at least
 * a share of their own. Whose turn has not come waits for it here, unanswered, and needs no
 * second try; only who would wait for longer than clients do is told to come again.
 *
 * Times are of a clock that never steps.
 */
import { Failure, failure } from "@weir/core/Failure"
import { type Rate, TokenBucket } from "@weir/flow/TokenBucket"
import { ComeBackTimes } from "./ComeBackTimes.ts"
import type { Pressure } from "./Pressure.ts"
import { Turns } from "./Turns.ts"

/** Why nobody is let in, or not so many. */
export type Reason =
  | "banned"
  | "address_connections"
  | "draining"
  | "full"
  | "memory"
  | "lag"
  | "node_rate"
  | "address_rate"

/** Who was let in, as far as the door has seen. */
export interface Admitted {
  /** Its IP address. */
  readonly from: string
  /** Limits on its own rates do not concern it. */
  readonly exempt: boolean
}

export class NotAdmitted extends Failure {
  readonly reason: Reason
  constructor(reason: Reason, { code, message, retryAfterMs }: Failure) {
    super({ code, message, retryAfterMs })
    this.reason = reason
  }
}

/**
 * A node that is late takes fewer, and not none: handshakes may not be what makes it late, and who
 * has lost its connection in a storm would wait for as long as the storm lasts.
 */
const shareWhenLate = 1 / 4

/** A replay costs about what the handshake did. */
const costOfReturn = 2

const shareOfNewcomers = 1 / 4

/** Less than any client waits for an answer to its `connect`. */
const longestTurnMs = 4_000

/** Refused alone, somebody comes back soon: the bucket is filled in a fraction of a second. */
const soonMs = 2_000
/** A full node does not empty itself so fast. */
const laterMs = 9_000

const partOf = ({ burst, perSecond }: Rate, share: number): Rate => ({
  perSecond: Math.max(1, Math.floor(perSecond * share)),
  burst: Math.max(1, Math.floor(burst * share))
})

export interface NodeAdmissionOptions {
  readonly rate: Rate
  readonly nowMillis: number
  /** In [0, 1). */
  readonly random: () => number
}

export class NodeAdmission {
  readonly #door: TokenBucket
  readonly #doorWhenLate: TokenBucket
  readonly #work: Turns
  readonly #share: Turns
  readonly #soon: ComeBackTimes
  readonly #later: ComeBackTimes
  readonly #behindTheLine: ComeBackTimes
  #isDraining = false
  /** As somebody else sees it. */
  pressure: Pick<Pressure, "isLate" | "isShortOfMemory"> = {
    isLate: false,
    isShortOfMemory: false
  }

  constructor({ nowMillis, random, rate }: NodeAdmissionOptions) {
    const newcomers = partOf(rate, shareOfNewcomers)
    const { perSecond } = rate
    this.#door = new TokenBucket(rate, nowMillis)
    this.#doorWhenLate = new TokenBucket(partOf(rate, shareWhenLate), nowMillis)
    this.#work = new Turns(rate, longestTurnMs)
    this.#share = new Turns(newcomers, longestTurnMs)
    this.#soon = new ComeBackTimes({ perSecond, random, leastSpreadMs: soonMs })
    this.#later = new ComeBackTimes({ perSecond, random, leastSpreadMs: laterMs })
    this.#behindTheLine = new ComeBackTimes({ ...newcomers, random, leastSpreadMs: soonMs })
  }

  /** From now on nobody is let in. */
  drain(): void {
    this.#isDraining = true
  }

  /** Somebody stands at the door. `isFull`: there is no place for another connection. */
  handshake(nowMillis: number, isFull: boolean): NotAdmitted | undefined {
    const refused = (reason: Reason, message: string, times: ComeBackTimes) =>
      new NotAdmitted(reason, failure("unavailable", message, times.next(nowMillis)))
    // Whoever comes again comes to another node.
    if (this.#isDraining) return refused("draining", "this node is going away", this.#soon)
    if (isFull) return refused("full", "this node is full", this.#later)
    const { isLate, isShortOfMemory } = this.pressure
    if (isShortOfMemory) return refused("memory", "this node is short of memory", this.#later)
    if (isLate && this.#doorWhenLate.take(nowMillis) > 0) {
      return refused("lag", "this node is overloaded", this.#later)
    }
    return this.#door.take(nowMillis) > 0
      ? refused("node_rate", "too many come at once", this.#soon)
      : undefined
  }

  /** Somebody has come back, and is served. */
  returned(nowMillis: number): void {
    this.#work.take(nowMillis, costOfReturn)
  }

  /** Somebody is new here: the milliseconds until its turn, unless that is too far away. */
  newcomer(nowMillis: number): number | Failure {
    const { isLate, isShortOfMemory } = this.pressure
    const isCalm = !isLate && !isShortOfMemory
    const workMs = isCalm ? this.#work.waitMs(nowMillis) : Number.POSITIVE_INFINITY
    const shareMs = this.#share.waitMs(nowMillis)
    const waitMs = Math.min(workMs, shareMs)
    if (waitMs > longestTurnMs) {
      const retryAfterMs = this.#behindTheLine.next(nowMillis)
      return failure("too_many_requests", "too many are new here at once", retryAfterMs)
    }
    const turns = workMs <= shareMs ? this.#work : this.#share
    turns.take(nowMillis, 1)
    return Math.ceil(waitMs)
  }
}
