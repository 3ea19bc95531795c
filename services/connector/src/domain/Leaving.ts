/**
 * Leaving: a client that has been asked to leave, and when it has to be gone.
 */

/** Why clients are asked to leave who have done nothing wrong. */
export type LeavingName = "shutdown" | "rebalance"

export interface Leaving {
  /** When its connection is ended, if it is still there. */
  readonly at: number
  readonly name: LeavingName
}
