/**
 * Position: a place in a channel's log.
 *
 * Offsets are compared only within an epoch. Equal offsets under different
 * terms are different entries: the log was rolled back between them.
 */
export interface Position {
  /** One life of the log. */
  readonly epoch: string
  /** Fencing token of the owner that wrote the entry; below 2^53. */
  readonly term: number
  /** Grows by one with each publication of the epoch, from 1; 0 is before the first. */
  readonly offset: number
}

/** Why a position cannot be continued. */
export type GapReason = "trimmed" | "dropped" | "limit" | "epoch_changed" | "rolled_back"

/** Is the log no longer the one the cursor was in? Then nothing of it follows the cursor. */
export const isOtherLog = (reason: string | undefined): reason is "epoch_changed" | "rolled_back" =>
  reason === "epoch_changed" || reason === "rolled_back"
