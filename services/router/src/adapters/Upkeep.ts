/**
 * Upkeep: what the owner has done to each channel's keys only now and then: turned the
 * hashes of message ids, and set the expiries anew.
 *
 * By its own monotonic clock, so that no step of a clock forgets an id too early; and from
 * the moment it first appends, so that a change of owner makes the window longer, never
 * shorter.
 */

/** What expires does so hours late, so a minute sooner takes nothing from anybody. */
const expiriesEveryMs = 60_000

export interface Due {
  /** 0, 1, or 2 when all ids are older than the window. */
  readonly turns: number
  readonly expiries: boolean
}

/** Mostly; the same one, since it is asked for with each append. */
const nothing: Due = { turns: 0, expiries: false }

interface Done {
  turnedAt: number
  /** When the ids were turned before that. */
  turnedBefore: number
  expiriesAt: number
}

export class Upkeep {
  readonly #done = new Map<string, Done>()

  /** What is due, of which turns are counted as made. Times in milliseconds. */
  take(channel: string, windowMs: number, nowMs: number): Due {
    const done = this.#done.get(channel)
    if (done === undefined) {
      const expiriesAt = Number.NEGATIVE_INFINITY
      this.#done.set(channel, { turnedAt: nowMs, turnedBefore: nowMs, expiriesAt })
      return { turns: 0, expiries: true }
    }
    const turns = Math.min(2, Math.floor((nowMs - done.turnedAt) / windowMs))
    if (turns > 0) {
      done.turnedBefore = done.turnedAt
      done.turnedAt = nowMs
    }
    const expiries = nowMs - done.expiriesAt >= expiriesEveryMs
    return turns === 0 && !expiries ? nothing : { turns, expiries }
  }

  /** It was made. */
  made(channel: string, due: Due, nowMs: number): void {
    const done = due.expiries ? this.#done.get(channel) : undefined
    if (done !== undefined) done.expiriesAt = nowMs
  }

  /** It was not made, and is still due. */
  giveBack(channel: string, due: Due): void {
    const done = due.turns > 0 ? this.#done.get(channel) : undefined
    if (done !== undefined) done.turnedAt = done.turnedBefore
  }

  forget(channel: string): void {
    this.#done.delete(channel)
  }
}
