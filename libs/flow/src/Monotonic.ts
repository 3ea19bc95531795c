/**
 * Monotonic: time that never steps, for everything that is waited for or grows old.
 */
import type { Clock } from "effect"

export const monotonicMs = (clock: Clock.Clock): number =>
  Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
