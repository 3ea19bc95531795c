/**
 * Reconcile: what an owner does when the log may not be where it left it.
 *
 * Pure. The owner knows the last position it delivered, remembers the newest
 * entries, and may have one append of which it does not know whether it
 * happened. Equal offset and term prove an equal log up to there, as in Raft's
 * log matching (Ongaro and Ousterhout 2014, §5.3).
 */
import type { Position } from "@weir/core/Position"

export interface Known {
  /** The newest position given to anybody. */
  readonly head: Position
  /** The last position of the append of which nothing is known, if there is one. */
  readonly inFlight: Position | undefined
  /** The term at an offset, as far back as the owner remembers without a hole. */
  readonly termAt: (offset: number) => number | undefined
}

export type Plan =
  /** The log is where it was left: what was in flight did not happen. */
  | "same"
  /** What was in flight is the newest of the log: it happened. */
  | "appended"
  /** The log has lost a tail that the owner remembers: write it again. */
  | "repair"
  /** The log is the truth, and ahead: read on from it. */
  | "follow"
  /**
   * The log is the truth, and has lost what nobody remembers. Offsets that were given out
   * will be given out again, so that they must be told apart: by a new term.
   */
  | "rollBack"
  /** Another life of the log than the one that was given out: nothing of it may be continued. */
  | "renew"

export const decide = ({ head, inFlight, termAt }: Known, log: Position): Plan => {
  // One that has just begun holds nothing that could be mistaken for something else.
  if (log.epoch !== head.epoch) return log.offset === 0 ? "follow" : "renew"
  if (log.offset === head.offset) return log.term === head.term ? "same" : "rollBack"
  if (log.offset > head.offset) {
    return log.offset === inFlight?.offset && log.term === inFlight.term ? "appended" : "follow"
  }
  return termAt(log.offset) === log.term ? "repair" : "rollBack"
}
