/**
 * Muted: may a client speak?
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Restrictions } from "@weir/core/Restrictions"
import type { Session } from "./Session.ts"

/** Why it may not, if so. */
export const checkMuted = (restrictions: Restrictions, session: Session): Failure | undefined => {
  // Nobody is restricted, mostly: then this is asked for every publication, and costs nothing.
  if (restrictions.size === 0) return undefined
  const muted = restrictions.muted(session.standing)
  return muted === undefined
    ? undefined
    : failure("permission_denied", `muted until ${new Date(muted.until).toISOString()}`)
}
