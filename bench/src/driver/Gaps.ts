/**
 * Gaps: Weir's word for what it has left out on a connection; no other system has one.
 */
import type { Range } from "./Account.ts"
import type { Dialect } from "./Dialect.ts"

/** `{"type":"gap"`: its first two letters tell it from all others. */
const typeStart = 9
const letterG = 0x67
const letterA = 0x61

const isGap = (bytes: Buffer, start: number): boolean =>
  bytes[start + typeStart] === letterG && bytes[start + typeStart + 1] === letterA

interface GapFrame {
  readonly payload: { readonly from?: number; readonly to?: number }
}

/** Undefined: it does not say which. */
const rangeOf = ({ payload: { from, to } }: GapFrame): Range | undefined =>
  from === undefined || to === undefined ? undefined : { from, to }

/** The same in JSON, for a client to whom a gap is no surprise. */
export const hearingGaps = (
  dialect: Dialect,
  onGap: (range: Range | undefined) => void
): Dialect => ({
  ...dialect,
  reader: (sink, channel) => {
    const read = dialect.reader(sink, channel)
    return (bytes, start, end) => {
      if (!isGap(bytes, start)) return read(bytes, start, end)
      onGap(rangeOf(JSON.parse(bytes.toString("utf8", start, end))))
    }
  }
})
