/**
 * Backoff: how long to wait before the next attempt.
 *
 * Full jitter: uniform between nothing and a bound that doubles with each
 * attempt. A crowd that lost its server at one moment must not return at one
 * moment, and the spread does more for that than any minimum wait.
 */
import type { Spread } from "./Ending.ts"

export interface Backoff {
  /** The bound of the first wait. */
  readonly minMs: number
  /** The bound that no wait passes. */
  readonly maxMs: number
}

/** Where nothing else is asked for. */
export const BACKOFF: Backoff = { minMs: 500, maxMs: 20_000 }

/** `attempt` counts from 0; `random` is in [0, 1). */
export const backoffMs = (attempt: number, { minMs, maxMs }: Backoff, random: number): number =>
  Math.floor(random * Math.min(maxMs, minMs * 2 ** attempt))

/** A moment in the spread that the server asked for. */
export const spreadMs = ({ min, max }: Spread, random: number): number =>
  Math.floor(min + random * Math.max(0, max - min))
