/**
 * WeirFailure: what the SDK refuses or fails with, as an error that Effect tracks.
 */
import { Data } from "effect"
import { asWeirError, type FailureCode } from "../Failure.ts"

export class WeirFailure extends Data.TaggedError("WeirFailure")<{
  /** A newer server may know codes that this SDK does not. */
  readonly code: FailureCode | (string & {})
  readonly message: string
  /** The same may succeed later; what the SDK could retry has been retried. */
  readonly retryable: boolean
  /** How long the server asks us to wait; 0 when it does not say. */
  readonly retryAfterMs: number
  /** The close code, where the end of the connection is the reason. */
  readonly closeCode: number | undefined
}> {}

export const asWeirFailure = (cause: unknown): WeirFailure => {
  const { closeCode, code, message, retryAfterMs, retryable } = asWeirError(cause, "internal")
  return new WeirFailure({ closeCode, code, message, retryAfterMs, retryable })
}
