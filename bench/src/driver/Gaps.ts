/**
 * Gaps: Weir's word for what it has left out on a connection; no other system has one.
 */
import type { Dialect } from "./Dialect.ts"

/** `{"type":"gap"`: its first two letters tell it from all others. */
const typeStart = 9
const letterG = 0x67
const letterA = 0x61

const isGap = (bytes: Buffer, start: number): boolean =>
  bytes[start + typeStart] === letterG && bytes[start + typeStart + 1] === letterA

/** The same in JSON, for a client to whom a gap is no surprise. */
export const hearingGaps = (dialect: Dialect, onGap: () => void): Dialect => ({
  ...dialect,
  reader: (sink, channel) => {
    const read = dialect.reader(sink, channel)
    return (bytes, start, end) => (isGap(bytes, start) ? onGap() : read(bytes, start, end))
  }
})
