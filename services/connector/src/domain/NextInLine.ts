/**
 * NextInLine: what follows, of what arrives for a channel, the last that was passed on.
 *
 * Within an epoch offsets grow by one and terms never fall: what is not beyond the last was seen
 * before, and what skips an offset says that something was lost on the way. A term that falls,
 * or a newer one at an offset that was passed, is another log than the one passed on: its owner
 * says where they part.
 */
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"

/** Where a channel stands on this connector. */
export interface Standing {
  /** The last passed on. */
  readonly position: Position
  /** What follows was written under this term or a later one. */
  readonly term: number
  /** Offsets may jump. */
  readonly latestOnly: boolean
}

export interface Accepted {
  readonly next: ReadonlyArray<EncodedPublication>
  /** What came after them does not follow. */
  readonly hole: boolean
}

export const nextInLine = (
  standing: Standing,
  entries: ReadonlyArray<EncodedPublication>
): Accepted => {
  const next: Array<EncodedPublication> = []
  let { position: last, term } = standing
  for (const entry of entries) {
    const { position } = entry.publication
    if (position.epoch !== last.epoch) return { next, hole: true }
    if (position.offset <= last.offset) {
      if (position.term > last.term) return { next, hole: true }
      continue
    }
    const follows = position.offset === last.offset + 1 || standing.latestOnly
    if (!follows || position.term < term) return { next, hole: true }
    next.push(entry)
    last = position
    term = position.term
  }
  return { next, hole: false }
}

/** The owner's head, if it is this, lacks something that was passed on. */
export const isPast = ({ position, term }: Standing, head: Position): boolean => {
  if (head.epoch !== position.epoch || position.offset === 0) return false
  // Within an epoch terms never fall: a lower one is of a log that parted from ours.
  if (head.term < term) return true
  const { offset } = position
  return head.offset < offset || (head.offset === offset && head.term !== position.term)
}

/** The owner's head, if it is this, says that something was missed. */
export const isOutdone = ({ position }: Standing, head: Position): boolean => {
  if (head.epoch !== position.epoch) return true
  if (head.offset === 0 && position.offset === 0) return false
  // A term that grew without us: also at an offset that was passed, the log is another.
  if (head.term !== position.term) return head.term > position.term
  return head.offset > position.offset
}
