/**
 * Page: a part of a log that is read at once, and how much that is, by count and by bytes.
 */
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import type { Verdict } from "./Resume.ts"

export interface Head {
  readonly head: Position
  /** When the newest was published, Unix milliseconds; 0 before the first. */
  readonly publishedAt: number
}

export interface Page extends Head {
  /** The offset at which the page begins, or would: after the head if it is empty. */
  readonly next: number
  /** The position just before `next`, as far as the log still knows it. */
  readonly before: Position
  readonly entries: ReadonlyArray<EncodedPublication>
  /** More is stored beyond this page. */
  readonly more: boolean
}

/** What a position is owed. */
export interface Resumed extends Page {
  readonly verdict: Verdict
}

export interface PageLimits {
  readonly limit: number
  /** A single publication may be larger than this, and then is a page of its own. */
  readonly maxBytes: number
}

/**
 * What a page holds unless somebody asks for less: a quarter of a lane's credit,
 * so that several channels catch up in turns, and few enough round trips.
 */
export const pageBytes = 256 * 1024

/** How many of these, from the first on, make a page: one at least, if there may be any. */
export const countWithin = (
  entries: Iterable<EncodedPublication>,
  { limit, maxBytes }: PageLimits
): number => {
  let count = 0
  let sum = 0
  for (const { bytes } of entries) {
    sum += bytes.byteLength
    if (count >= limit || (count > 0 && sum > maxBytes)) break
    count++
  }
  return count
}
