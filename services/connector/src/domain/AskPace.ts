/**
 * AskPace: how soon something may be asked again.
 *
 * The first time costs no pause, so that an ordinary change of owner is followed at
 * once. What is asked again and again waits longer each time, so that two nodes that
 * disagree do not ask each other in a circle as fast as the network goes.
 */
export interface PaceLimits {
  readonly firstMs: number
  readonly longestMs: number
}

/** This long without asking again, and it starts over. */
const restMs = 1_000

export class AskPace {
  #pauseMs = 0
  #mayAskAt = Number.NEGATIVE_INFINITY

  /** The pause before the next time, in milliseconds; 0 after a rest. */
  next(nowMillis: number, { firstMs, longestMs }: PaceLimits): number {
    if (nowMillis - this.#mayAskAt > restMs) this.#pauseMs = 0
    const pause = this.#pauseMs
    this.#pauseMs = Math.min(Math.max(pause * 2, firstMs), longestMs)
    this.#mayAskAt = nowMillis + pause
    return pause
  }
}
