/**
 * RecentResume: a resume that the owner can answer from what it remembers of a log.
 *
 * Only where the position is one of this log and all that follows it is remembered, and the log
 * would have it still: `undefined` says no more than that the log is to be asked.
 */
import { deliversLatest, type Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { countWithin, type PageLimits, type Resumed } from "./Page.ts"
import type { RecentEntries } from "./RecentEntries.ts"

export interface Remembered {
  readonly namespace: Namespace
  readonly head: Position | undefined
  readonly publishedAt: number
  readonly recent: RecentEntries | undefined
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
  { head, namespace, publishedAt, recent }: Remembered,
  since: Position,
  limits: PageLimits,
  nowMillis: number
): Resumed | undefined => {
  if (head === undefined || recent === undefined || deliversLatest(namespace)) return undefined
  const isOfLog = since.epoch === head.epoch && recent.termAt(since.offset) === since.term
  if (!isOfLog) return undefined
  const owed = recent.after(since.offset)
  if (!isKept(owed, namespace, nowMillis)) return undefined
  const count = countWithin(owed, limits)
  const next = since.offset + 1
  return {
    ...{ head, publishedAt, next, before: since },
    verdict: { recovered: true, next },
    entries: owed.slice(0, count),
    more: count < owed.length
  }
}
