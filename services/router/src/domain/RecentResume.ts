/**
 * RecentResume: a resume that the owner can answer from what it remembers of a log.
 *
 * Only where the position is one of this log and all that follows it is remembered, and the log
 * would have it still: `undefined` says no more than that the log is to be asked.
 */
import { deliversLatest, type Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { countWithin, type PageLimits } from "./PageLimits.ts"
import type { RecentEntries } from "./RecentEntries.ts"

export interface Remembered {
  readonly namespace: Namespace
  readonly head: Position | undefined
  readonly recent: RecentEntries | undefined
}

/** What follows a position that was asked about: all of it is there. */
export interface Owed {
  readonly next: number
  readonly entries: ReadonlyArray<EncodedPublication>
  readonly more: boolean
}

/** Both ways of asking answer alike: what the log has let go of is not given from memory. */
const isKept = (
  entries: ReadonlyArray<EncodedPublication>,
  { historyAgeMs, historyBytes, historySize }: Namespace,
  nowMillis: number
): boolean => {
  const [oldest] = entries
  if (oldest === undefined) return true
  if (entries.length > historySize) return false
  if (nowMillis - oldest.publication.publishedAt > historyAgeMs) return false
  const bytes = entries.reduce((sum, it) => sum + it.bytes.byteLength, 0)
  // The log counts by blocks, and lets go of whole ones: where it is close, it is asked.
  return 2 * bytes <= historyBytes
}

export const resumeFromRecent = (
  { head, namespace, recent }: Remembered,
  since: Position,
  limits: PageLimits,
  nowMillis: number
): Owed | undefined => {
  if (head === undefined || recent === undefined || deliversLatest(namespace)) return undefined
  const isOfLog = since.epoch === head.epoch && recent.termAt(since.offset) === since.term
  if (!isOfLog) return undefined
  const owed = recent.after(since.offset)
  if (!isKept(owed, namespace, nowMillis)) return undefined
  const count = countWithin(owed, limits)
  return { next: since.offset + 1, entries: owed.slice(0, count), more: count < owed.length }
}
