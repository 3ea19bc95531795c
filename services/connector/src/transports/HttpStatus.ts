/**
 * HttpStatus: our failures as statuses of HTTP, the same at every door that speaks it.
 */
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
