/**
 * TokenBucket: a limit on rate with a burst, for one connection or address.
 *
 * Plain numbers and the time passed in: one is held for every connection and
 * asked for every frame, which is too often for an Effect and a store.
 */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export class TokenBucket {
  readonly #rate: Rate
  #tokens: number
  #updatedAt: number

  constructor(rate: Rate, nowMillis: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#updatedAt = nowMillis
  }

  /** 0 and taken, or the milliseconds until there will be enough. */
  take(nowMillis: number, count = 1): number {
    const gained = ((nowMillis - this.#updatedAt) / 1000) * this.#rate.perSecond
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + Math.max(0, gained))
    this.#updatedAt = nowMillis
    if (this.#tokens >= count) {
      this.#tokens -= count
      return 0
    }
    return Math.ceil(((count - this.#tokens) / this.#rate.perSecond) * 1000)
  }

  /** As full as when new: nothing is lost by forgetting it. */
  isFull(nowMillis: number): boolean {
    const gained = ((nowMillis - this.#updatedAt) / 1000) * this.#rate.perSecond
    return this.#tokens + gained >= this.#rate.burst
  }
}
