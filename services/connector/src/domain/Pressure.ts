/**
 * Pressure: does this node have room for more, in time and in memory?
 *
 * What is over its bound has to stay there for a second before it counts, so that one long turn,
 * as every start has, is none; and has to fall well below it before it counts no more, so that
 * the answer does not change with every look.
 */
export interface Load {
  /** How late the event loop was, in all but a hundredth of the looks. */
  readonly lagMs: number
  /** Of the memory that this process may use; 0 if nothing bounds it. */
  readonly memoryShare: number
}

const holdMs = 1_000

class Bound {
  readonly #from: number
  readonly #until: number
  #since: number | undefined
  isPassed = false

  constructor(from: number, until: number) {
    this.#from = from
    this.#until = until
  }

  look(value: number, nowMillis: number): void {
    if (value < (this.isPassed ? this.#until : this.#from)) {
      this.#since = undefined
      this.isPassed = false
      return
    }
    this.#since ??= nowMillis
    if (nowMillis - this.#since >= holdMs) this.isPassed = true
  }
}

export class Pressure {
  // What is felt: a message that waits a tenth of a second, on top of its way.
  readonly #lag = new Bound(100, 50)
  // The rest is for what those who are here already may still need.
  readonly #memory = new Bound(0.85, 0.8)
  // Before somebody else ends the process, and all connections with it.
  readonly #lastMemory = new Bound(0.92, 0.88)

  look({ lagMs, memoryShare }: Load, nowMillis: number): void {
    this.#lag.look(lagMs, nowMillis)
    this.#memory.look(memoryShare, nowMillis)
    this.#lastMemory.look(memoryShare, nowMillis)
  }

  get isLate(): boolean {
    return this.#lag.isPassed
  }

  get isShortOfMemory(): boolean {
    return this.#memory.isPassed
  }

  /** So short that some have to go. */
  get mustShed(): boolean {
    return this.#lastMemory.isPassed
  }
}
