/**
 * MaxRate: one subscription is given at most one publication in so many milliseconds, the
 * newest.
 *
 * A timer of Node's while there is something to wait for, and none else: those of one length
 * share a list, so that it costs the same however many wait.
 */

/** The longest that a client may ask for. */
export const longestMs = 60_000

export class MaxRate {
  readonly #everyMs: number
  readonly #give: () => void
  #dueAt = 0
  #timer: NodeJS.Timeout | undefined

  /** `give` gives what is new; it must not throw. */
  constructor(everyMs: number, give: () => void) {
    this.#everyMs = everyMs
    this.#give = give
  }

  /** There is something new. */
  wake(nowMillis: number): void {
    if (this.#timer !== undefined) return
    const waitMs = this.#dueAt - nowMillis
    if (waitMs <= 0) return this.#fire()
    // Never longer, also where the clock was set back meanwhile.
    this.#timer = setTimeout(() => this.#fire(), Math.min(waitMs, this.#everyMs))
  }

  #fire(): void {
    this.#timer = undefined
    this.gave(Date.now())
    this.#give()
  }

  /** It has just been given something: the next has to wait. */
  gave(nowMillis: number): void {
    this.#dueAt = nowMillis + this.#everyMs
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
