/**
 * ComeBackTimes: when those come back who were refused, so that they do not come back together.
 *
 * A line that nobody stands in: each refused one makes it longer by the time that one of them
 * takes, and it shortens as time passes. The wait is anywhere up to twice its length, so that on
 * average they return as fast as they can be taken. However many there are, nobody is sent away
 * for longer than a client of ours would wait by itself.
 */
const leastMs = 1_000
const longestMs = 20_000

export interface ComeBackOptions {
  /** How many of them can be taken. */
  readonly perSecond: number
  /** Over how much time those few are spread who are refused alone. */
  readonly leastSpreadMs: number
  /** In [0, 1). */
  readonly random: () => number
}

export class ComeBackTimes {
  readonly #options: ComeBackOptions
  #lineEndsAt = Number.NEGATIVE_INFINITY

  constructor(options: ComeBackOptions) {
    this.#options = options
  }

  /** The milliseconds that the next refused one is to wait. */
  next(nowMillis: number): number {
    const { leastSpreadMs, perSecond, random } = this.#options
    const end = Math.max(nowMillis, this.#lineEndsAt) + 1_000 / perSecond
    this.#lineEndsAt = Math.min(end, nowMillis + longestMs)
    const spread = Math.max(leastSpreadMs, 2 * (this.#lineEndsAt - nowMillis))
    return Math.floor(leastMs + random() * Math.min(spread, longestMs - leastMs))
  }
}
