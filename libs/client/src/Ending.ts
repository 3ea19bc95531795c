/**
 * Ending: what a close code and its reason ask of the client.
 *
 * The ranges decide, so that codes of later versions are understood too:
 * 3500–3999 and 4500–4999 are final, everything else may come back. A reason
 * such as `shutdown;after=0-4000` spreads the return over that many milliseconds.
 */
import { type FailureCode, WeirError } from "./Failure.ts"

/** A stretch of time, in milliseconds, in which to pick a moment at random. */
export interface Spread {
  readonly min: number
  readonly max: number
}

/** How a connection ended; 1006 when no close frame was seen. */
export interface Ending {
  readonly code: number
  readonly reason: string
}

export const mayReturn = (code: number): boolean => code < 3500 || (code >= 4000 && code < 4500)

/** The hint in a close reason, if it carries one. */
export const hintOf = (reason: string): Spread | undefined => {
  const match = /;after=(\d{1,9})-(\d{1,9})$/.exec(reason)
  return match === null ? undefined : { min: Number(match[1]), max: Number(match[2]) }
}

// Of WebSockets themselves: no close frame was seen; a message that the other side will not take.
export const CUT = 1006
export const TOO_BIG = 1009
/** As the reason of a cut: only this way is closed. */
export const BLOCKED = "blocked"
export const INVALID_TOKEN = 3500
export const TOKEN_EXPIRED = 3005

const codes: { readonly [closeCode: number]: FailureCode } = {
  3500: "unauthenticated",
  3501: "bad_request",
  3502: "timeout",
  3504: "too_many_requests"
}

/** Why a client that may not return was sent away. */
export const finalFailure = ({ code, reason }: Ending): WeirError =>
  new WeirError(
    codes[code] ?? "permission_denied",
    `the server closed the connection for good: ${code} ${reason.replace(/;.*$/, "")}`.trimEnd(),
    { closeCode: code, retryable: false }
  )
