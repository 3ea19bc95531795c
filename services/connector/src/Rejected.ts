/**
 * Rejected: why somebody who wants to connect may not, and how the connection ends for that.
 */
import type { CloseName } from "@weir/core/CloseCode"
import { Failure } from "@weir/core/Failure"

/** The connection ends: with this close code, and these words in its reason. */
export class Rejected extends Failure {
  readonly close: CloseName
  constructor(close: CloseName, message: string) {
    super({ code: "bad_request", message, retryAfterMs: 0 })
    this.close = close
  }
}

/** Why the connection ends when it could not be accepted. */
export const closeOf = (refused: Failure): CloseName | undefined => {
  if (refused instanceof Rejected) return refused.close
  return refused.code === "unauthenticated" ? "invalid_token" : undefined
}
