/**
 * MaxAge: how old a connection may become: about as old as all others, and no two alike.
 *
 * A crowd that came together must not be asked to leave together. Where in the range a client
 * lies follows from its session's id, so that nothing is kept for it.
 */
import { hash32 } from "@weir/core/Hash32"

/** Of the age: so much less or more. */
const jitter = 0.2

/** In milliseconds; Infinity where there is no limit. */
export const maxAgeMs = (limitSeconds: number, session: string): number => {
  if (limitSeconds === 0) return Number.POSITIVE_INFINITY
  const place = hash32(session) / 2 ** 32
  return limitSeconds * 1_000 * (1 - jitter + 2 * jitter * place)
}
