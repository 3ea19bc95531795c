/**
 * LaneCredit: what a lane may still send, and how much of that one channel may have on its way.
 *
 * A connector gives credit back as it takes things in, in their order. So what each channel has
 * on its way is known without another word between them, and a channel that brings more than
 * its connector takes fills its own share of the lane: the others still have theirs.
 */

/** What is on its way; channels are told apart by it. */
export interface Taker {
  /** Bytes that the connector has not given back yet. */
  onWay: number
}

/** Half of what a connector grants: one such channel leaves as much to all others. */
export const shareBytes = 512 * 1024

/** Runs that were given back are cut off in so many at once. */
const cutAfter = 1_024

export class LaneCredit {
  #free = 0
  /** What was sent and not given back, as runs of one taker each, in their order. */
  #takers: Array<Taker> = []
  #bytes: Array<number> = []
  /** The oldest run. */
  #first = 0

  get hasAny(): boolean {
    return this.#free > 0
  }

  allows({ onWay }: Taker): boolean {
    return this.#free > 0 && onWay < shareBytes
  }

  /** Sends so much: also the last item for which there is less, so that each is sent some day. */
  take(taker: Taker, bytes: number): void {
    this.#free -= bytes
    taker.onWay += bytes
    const last = this.#takers.length - 1
    if (last >= this.#first && this.#takers[last] === taker) {
      this.#bytes[last]! += bytes
      return
    }
    this.#takers.push(taker)
    this.#bytes.push(bytes)
  }

  /** The connector takes so much more; the first time before anything was sent. */
  grant(bytes: number): void {
    this.#free += bytes
    let left = bytes
    while (left > 0 && this.#first < this.#takers.length) {
      const taker = this.#takers[this.#first]!
      const run = this.#bytes[this.#first]!
      const back = Math.min(run, left)
      left -= back
      taker.onWay -= back
      if (back < run) this.#bytes[this.#first] = run - back
      else this.#first++
    }
    if (this.#first >= cutAfter || this.#first === this.#takers.length) this.#cut()
  }

  #cut(): void {
    this.#takers.splice(0, this.#first)
    this.#bytes.splice(0, this.#first)
    this.#first = 0
  }
}
