/**
 * Account: what one subscriber was given of a channel, what it was told that it would not be
 * given, and what nobody has said a word about.
 *
 * Publications are numbered from 0. Weir's offsets begin at 1 in a channel that is new, so a
 * range of offsets names publications; were it not new, ranges would not fit, and it would show.
 */

/** Offsets, both inclusive, of a `gap`. */
export interface Range {
  readonly from: number
  readonly to: number
}

const firstOffset = 1

export class Account {
  /** The number that comes after all that it was given or told of. */
  next = 0
  received = 0
  /** Publications that a gap has named. */
  told = 0
  gaps = 0
  /** Passed over, and no gap has named them. */
  unsaid = 0
  /** Given after a later one, or named as missing though something later was given. */
  misordered = 0

  /** False: it comes too late. */
  give(sequence: number): boolean {
    if (sequence < this.next) {
      this.misordered++
      return false
    }
    this.unsaid += sequence - this.next
    this.next = sequence + 1
    this.received++
    return true
  }

  /** Without a range, nothing of what is missing is named by it. */
  tell(range: Range | undefined): void {
    this.gaps++
    if (range === undefined) return
    const from = range.from - firstOffset
    const end = range.to - firstOffset + 1
    if (from < this.next || end <= from) {
      this.misordered++
      return
    }
    this.unsaid += from - this.next
    this.told += end - from
    this.next = end
  }

  /** Of so many publications, those that it neither has nor was told of. */
  unaccounted(published: number): number {
    return this.unsaid + published - this.next
  }
}
