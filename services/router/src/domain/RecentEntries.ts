/**
 * RecentEntries: the newest entries of one channel, from which its owner writes
 * again what the log has lost.
 *
 * A Redis that fails over or restarts loses at most what it had not passed on or
 * written: seconds. So entries are kept for 15 s, and bounded in bytes.
 */
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"

const keptMs = 15_000
const keptBytes = 1_048_576

export class RecentEntries {
  /** The position just before the oldest entry. */
  #anchor: Position
  #entries: Array<EncodedPublication> = []
  /** When each was appended, on a clock that never steps. */
  #appendedAt: Array<number> = []
  /** How many at the front have been let go of. */
  #gone = 0
  #bytes = 0

  constructor(head: Position) {
    this.#anchor = head
  }

  get isEmpty(): boolean {
    return this.#gone === this.#entries.length
  }

  /** The entries follow the newest one. */
  push(entries: ReadonlyArray<EncodedPublication>, monotonicMs: number): void {
    for (const entry of entries) {
      this.#entries.push(entry)
      this.#appendedAt.push(monotonicMs)
      this.#bytes += entry.bytes.byteLength
    }
    this.prune(monotonicMs)
  }

  /** Lets go of what is too old or too much. */
  prune(monotonicMs: number): void {
    while (this.#gone < this.#entries.length) {
      const isOld = monotonicMs - this.#appendedAt[this.#gone]! > keptMs
      if (!isOld && this.#bytes <= keptBytes) break
      const { bytes, publication } = this.#entries[this.#gone]!
      this.#anchor = publication.position
      this.#bytes -= bytes.byteLength
      this.#gone++
    }
    // Moving the others only when at least as many are gone keeps a push's cost constant.
    if (this.#gone === 0 || this.#gone * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#gone)
    this.#appendedAt = this.#appendedAt.slice(this.#gone)
    this.#gone = 0
  }

  #indexOf(offset: number): number {
    return offset - this.#anchor.offset - 1 + this.#gone
  }

  /** The term at an offset that is remembered. */
  termAt(offset: number): number | undefined {
    if (offset < this.#anchor.offset) return undefined
    if (offset === this.#anchor.offset) return this.#anchor.term
    return this.#entries[this.#indexOf(offset)]?.publication.position.term
  }

  /** What follows an offset that is remembered. */
  after(offset: number): ReadonlyArray<EncodedPublication> {
    return this.#entries.slice(this.#indexOf(offset + 1))
  }
}
