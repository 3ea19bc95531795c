/**
 * DedupeTurns: when the owner last turned each channel's hashes of message ids.
 *
 * By its own monotonic clock, so that no step of a clock forgets an id too early;
 * and from the moment it first appends, so that a change of owner makes the window
 * longer, never shorter.
 */
export class DedupeTurns {
  readonly #turnedAt = new Map<string, number>()

  /**
   * How many turns are due: 0, 1, or 2 when all ids are older than the window; and
   * counts them as made. Times in milliseconds.
   */
  take(channel: string, windowMs: number, nowMs: number): Turns {
    const turnedAt = this.#turnedAt.get(channel)
    if (turnedAt === undefined) {
      this.#turnedAt.set(channel, nowMs)
      return { count: 0, giveBack: () => {} }
    }
    const count = Math.min(2, Math.floor((nowMs - turnedAt) / windowMs))
    if (count > 0) this.#turnedAt.set(channel, nowMs)
    return { count, giveBack: () => void this.#turnedAt.set(channel, turnedAt) }
  }

  forget(channel: string): void {
    this.#turnedAt.delete(channel)
  }
}

export interface Turns {
  readonly count: number
  /** They were not made, and are still due. */
  readonly giveBack: () => void
}
