/**
 * LeftOut: publications of one's own that a subscription is not given (`excludeSelf`).
 *
 * Their offsets are missing from what comes, and that is no gap. Which they are `published` tells,
 * often after the next publication: until then a hole is taken for as many of them as are still
 * undecided. Pure; bounded by what may be undecided on one channel.
 */
import type { Position } from "./Envelope.ts"

export class LeftOut {
  /** Message ids. */
  readonly #undecided = new Set<string>()
  /** Offsets that were missing, and taken for some of the undecided. */
  readonly #taken = new Set<number>()
  /** Accepted at offsets that are still to be passed. */
  readonly #ahead = new Map<number, Position>()

  add(messageId: string): void {
    this.#undecided.add(messageId)
  }

  /** It stands at this position, or, without one, nowhere that is known. `cursor`: how far we are. */
  decide(messageId: string, position: Position | undefined, cursor: Position | undefined): void {
    if (!this.#undecided.delete(messageId)) return
    if (position !== undefined && !this.#taken.delete(position.offset)) {
      const isAhead = cursor?.epoch === position.epoch && cursor.offset < position.offset
      if (isAhead) this.#ahead.set(position.offset, position)
    }
    if (this.#undecided.size === 0) this.#taken.clear()
  }

  /** Is everything from one offset to another, both included, our own? */
  explains(from: number, to: number): boolean {
    const free = this.#undecided.size - this.#taken.size
    if (to - from >= free + this.#ahead.size) return false
    const missing: Array<number> = []
    for (let offset = from; offset <= to; offset++) {
      if (!this.#ahead.has(offset)) missing.push(offset)
    }
    if (missing.length > free) return false
    for (const offset of missing) this.#taken.add(offset)
    return true
  }

  /** We are at `cursor` now: gives the position of our own right behind it, if one stands there. */
  next(cursor: Position): Position | undefined {
    for (const [offset, { epoch }] of this.#ahead) {
      if (epoch !== cursor.epoch || offset <= cursor.offset) this.#ahead.delete(offset)
    }
    return this.#ahead.get(cursor.offset + 1)
  }
}
