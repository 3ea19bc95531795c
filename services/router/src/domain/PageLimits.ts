/**
 * PageLimits: how much of a log is read at once, by count and by bytes.
 */
import type { EncodedPublication } from "@weir/wire/Publications"

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
