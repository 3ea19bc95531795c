/**
 * Resume: is a returning client's position a prefix of the log, and what is it owed?
 *
 * Pure, so that every case fits in one table of tests. The term of the entry at
 * the client's offset is what proves a prefix, as in Raft's log matching (Ongaro
 * and Ousterhout 2014, §5.3): same offset and term, same log up to there. Epoch
 * and offset alone would miss a log that was rolled back and written on.
 */
import type { GapReason, Position } from "@weir/core/Position"

/** What the decision needs to know of a log. */
export interface LogState {
  readonly head: Position
  /** The oldest offset that may be replayed; head + 1 when nothing is stored. */
  readonly floor: number
  /** The term of a stored entry, the anchor below the floor included. */
  readonly termAt: (offset: number) => number | undefined
  /** Logged, and only the newest is ever wanted: older ones are not missed. */
  readonly latestOnly: boolean
}

export interface Verdict {
  readonly recovered: boolean
  readonly reason?: GapReason
  /** The first offset that the client is owed; head + 1 when there is none. */
  readonly next: number
}

const refused = (reason: GapReason, next: number): Verdict => ({ recovered: false, reason, next })

export const decide = (since: Position, log: LogState): Verdict => {
  const { head, floor, termAt, latestOnly } = log
  const nothing = head.offset + 1
  if (since.epoch !== head.epoch) return refused("epoch_changed", nothing)
  const isHead = since.offset === head.offset && since.term === head.term
  if (latestOnly) return { recovered: true, next: isHead ? nothing : Math.max(floor, head.offset) }
  if (since.offset > head.offset) return refused("rolled_back", nothing)
  if (since.offset === head.offset) {
    // At offset 0 nothing was written yet, so no term can disagree.
    return isHead || since.offset === 0
      ? { recovered: true, next: nothing }
      : refused("rolled_back", nothing)
  }
  if (since.offset === 0) {
    return floor <= 1 ? { recovered: true, next: 1 } : refused("trimmed", floor)
  }
  const term = termAt(since.offset)
  if (term === undefined) return refused("trimmed", floor)
  return term === since.term
    ? { recovered: true, next: since.offset + 1 }
    : refused("rolled_back", nothing)
}
