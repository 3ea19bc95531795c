/**
 * HttpStatus: our failures and endings as statuses of HTTP, the same at every door that speaks it.
 */
import { type CloseName, closeNameOf } from "@weir/core/CloseCode"
import type { Failure, FailureCode } from "@weir/core/Failure"

const statuses: { readonly [code in FailureCode]: number } = {
  bad_request: 400,
  unknown_type: 404,
  duplicate_id: 409,
  unauthenticated: 401,
  permission_denied: 403,
  unknown_namespace: 404,
  invalid_channel: 400,
  not_subscribed: 409,
  already_subscribed: 409,
  payload_too_large: 413,
  too_many_requests: 429,
  unavailable: 503,
  aborted: 503,
  not_durable: 503,
  timeout: 504,
  internal: 500
}

export const statusOf = ({ code }: Failure): number => statuses[code]

const statusesOfCloses: { readonly [name in CloseName]: number } = {
  shutdown: 503,
  token_expired: 401,
  slow_consumer: 503,
  rebalance: 503,
  no_pong: 503,
  too_many_requests: 429,
  invalid_token: 401,
  bad_request: 400,
  connect_timeout: 408,
  disconnected: 403,
  connection_limit: 429,
  revoked: 403,
  banned: 403,
  permission_denied: 403,
  unsupported_version: 400
}

/** Of a close code of ours, for who had no connection yet that could be closed. */
export const statusOfClose = (code: number): number => {
  const name = closeNameOf(code)
  return name === undefined ? 500 : statusesOfCloses[name]
}

/** What `Retry-After` says, in seconds, where a failure says when to come again. */
export const retryAfterOf = ({ retryAfterMs }: Failure): number | undefined =>
  retryAfterMs > 0 ? Math.ceil(retryAfterMs / 1000) : undefined
