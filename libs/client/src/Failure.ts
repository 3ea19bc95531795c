/**
 * Failure: the typed refusal that every rejected call of the SDK carries.
 *
 * `code` comes from the protocol's closed table. `retryable` says whether the
 * same call may succeed later; the SDK has already retried what it could.
 */

export type FailureCode =
  | "bad_request"
  | "unknown_type"
  | "duplicate_id"
  | "unauthenticated"
  | "permission_denied"
  | "unknown_namespace"
  | "invalid_channel"
  | "not_subscribed"
  | "already_subscribed"
  | "payload_too_large"
  | "too_many_requests"
  | "unavailable"
  | "aborted"
  | "not_durable"
  | "timeout"
  | "internal"

const retryableCodes: ReadonlySet<string> = new Set([
  "too_many_requests",
  "unavailable",
  "aborted",
  "not_durable",
  "timeout"
])

export class WeirError extends Error {
  /** A `FailureCode`; a newer server may know codes that this SDK does not. */
  readonly code: FailureCode | (string & {})
  /** How long the server asks us to wait; 0 when it does not say. */
  readonly retryAfterMs: number
  readonly retryable: boolean
  /** The close code, where the end of the connection is the reason. */
  readonly closeCode: number | undefined

  constructor(
    code: FailureCode | (string & {}),
    message: string,
    options: { retryAfterMs?: number; retryable?: boolean; closeCode?: number } = {}
  ) {
    super(message)
    this.name = "WeirError"
    this.code = code
    this.retryAfterMs = options.retryAfterMs ?? 0
    this.retryable = options.retryable ?? retryableCodes.has(code)
    this.closeCode = options.closeCode
  }
}

/** Wraps what somebody else's code threw, so that callers meet one class only. */
export const asWeirError = (cause: unknown, code: FailureCode): WeirError =>
  cause instanceof WeirError
    ? cause
    : new WeirError(code, cause instanceof Error ? cause.message : String(cause))
