/**
 * CursorPace: tells the others where I point, twenty times a second at most.
 *
 * Of what comes faster only the newest is told, and that always is: a cursor ends where the
 * hand has stopped.
 */
import type { Spot } from "./Cursors.ts"

export interface CursorPace {
  readonly toldAt: number
  /** The newest place, not told yet. */
  readonly waiting: Spot | undefined
}

export interface Step {
  readonly pace: CursorPace
  readonly tell: Spot | undefined
  /** Come back after so long; undefined: there is nothing to wait for, or it is waited already. */
  readonly waitMs: number | undefined
}

// The server takes thirty signals a second; the rest is for the chat's.
export const MIN_MS = 50

export const atRest: CursorPace = { toldAt: -MIN_MS, waiting: undefined }

export const moved = ({ toldAt, waiting }: CursorPace, spot: Spot, now: number): Step => {
  const waitMs = toldAt + MIN_MS - now
  if (waitMs <= 0) {
    return { pace: { toldAt: now, waiting: undefined }, tell: spot, waitMs: undefined }
  }
  const isAwaited = waiting !== undefined
  const pace = { toldAt, waiting: spot }
  return { pace, tell: undefined, waitMs: isAwaited ? undefined : waitMs }
}

/** The wait is over. */
export const due = ({ toldAt, waiting }: CursorPace, now: number): Step =>
  waiting === undefined
    ? { pace: { toldAt, waiting }, tell: undefined, waitMs: undefined }
    : { pace: { toldAt: now, waiting: undefined }, tell: waiting, waitMs: undefined }
