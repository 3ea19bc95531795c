/**
 * Turns: when the next one is served, of those that are served at a rate.
 *
 * A token bucket that may be owed: whoever takes a turn that has not come yet has it for sure, and
 * waits. A single number, the time at which all that was taken is worked off.
 */
import type { Rate } from "@weir/flow/TokenBucket"

export class Turns {
  readonly #msOfOne: number
  readonly #msOfBurst: number
  readonly #longestMs: number
  #doneAt = Number.NEGATIVE_INFINITY

  /** `longestMs`: more than that is not owed, however much is taken. */
  constructor({ burst, perSecond }: Rate, longestMs: number) {
    this.#msOfOne = 1_000 / perSecond
    this.#msOfBurst = burst * this.#msOfOne
    this.#longestMs = longestMs
  }

  /** How long somebody would wait who took one now. */
  waitMs(nowMillis: number): number {
    return Math.max(0, this.#doneAt + this.#msOfOne - this.#msOfBurst - nowMillis)
  }

  take(nowMillis: number, count: number): void {
    const doneAt = Math.max(nowMillis, this.#doneAt) + count * this.#msOfOne
    this.#doneAt = Math.min(doneAt, nowMillis + this.#msOfBurst + this.#longestMs)
  }
}
