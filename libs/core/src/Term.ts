/**
 * Term: the fencing token of an owner, unique and growing.
 *
 * The high bits are the time in milliseconds, so that terms grow even when the
 * store that remembers them has lost its memory; the low 11 bits are the
 * owner's own, so that two owners never take the same one. Below 2^53 until
 * the year 2109.
 */
export const nonceCount = 2048

/** The next term above everything seen. `nonce` is 0 to 2047. */
export const nextTerm = (nowMillis: number, highestSeen: number, nonce: number): number =>
  Math.max(nowMillis, Math.floor(highestSeen / nonceCount) + 1) * nonceCount + nonce
