/**
 * Status: our failures as gRPC statuses, and back.
 *
 * The status code is for any gRPC client; the failure's own code travels beside
 * it in trailing metadata, so that the other side of our mesh reads back exactly
 * what was meant. Only failures have text on the wire: a defect is INTERNAL with
 * a fixed sentence.
 */
import * as grpc from "@grpc/grpc-js"
import {
  type Failure,
  type FailureCode,
  failure,
  failureOf,
  isFailureCode
} from "@weir/core/Failure"
import type { Cause } from "effect"

const codeKey = "weir-failure"
const retryAfterKey = "weir-retry-after-ms"

const statuses: { readonly [code in FailureCode]: grpc.status } = {
  bad_request: grpc.status.INVALID_ARGUMENT,
  unknown_type: grpc.status.UNIMPLEMENTED,
  duplicate_id: grpc.status.ALREADY_EXISTS,
  unauthenticated: grpc.status.UNAUTHENTICATED,
  permission_denied: grpc.status.PERMISSION_DENIED,
  unknown_namespace: grpc.status.NOT_FOUND,
  invalid_channel: grpc.status.INVALID_ARGUMENT,
  not_subscribed: grpc.status.FAILED_PRECONDITION,
  already_subscribed: grpc.status.ALREADY_EXISTS,
  payload_too_large: grpc.status.INVALID_ARGUMENT,
  too_many_requests: grpc.status.RESOURCE_EXHAUSTED,
  unavailable: grpc.status.UNAVAILABLE,
  aborted: grpc.status.ABORTED,
  not_durable: grpc.status.UNAVAILABLE,
  timeout: grpc.status.DEADLINE_EXCEEDED,
  internal: grpc.status.INTERNAL
}

const notReached = failure("unavailable", "a node that this needs cannot be reached", 100)

/**
 * Statuses that grpc-js itself produces, for calls that carried no failure of ours.
 * Its words name addresses and limits of the mesh, and what we return here may be
 * passed on to a client.
 */
const failureOfStatus: Partial<Record<grpc.status, Failure>> = {
  [grpc.status.CANCELLED]: notReached,
  [grpc.status.UNAVAILABLE]: notReached,
  [grpc.status.DEADLINE_EXCEEDED]: failure("timeout", "no answer came in time"),
  [grpc.status.UNIMPLEMENTED]: failure("unknown_type", "the other node does not know this request")
}

export const toStatus = (refused: Failure): grpc.StatusObject => {
  const metadata = new grpc.Metadata()
  metadata.set(codeKey, refused.code)
  if (refused.retryAfterMs > 0) metadata.set(retryAfterKey, String(refused.retryAfterMs))
  return { code: statuses[refused.code], details: refused.message, metadata }
}

/** The status of a handler that ended badly. */
export const toStatusFromCause = (cause: Cause.Cause<Failure>): grpc.StatusObject =>
  toStatus(failureOf(cause))

export const toFailure = (error: unknown): Failure => {
  const { code, details, metadata } = error as Partial<grpc.ServiceError>
  const ours = metadata?.get(codeKey)[0]
  const retryAfterMs = Number(metadata?.get(retryAfterKey)[0] ?? 0)
  if (typeof ours === "string" && isFailureCode(ours)) {
    return failure(ours, details ?? "", retryAfterMs)
  }
  const known = code === undefined ? undefined : failureOfStatus[code]
  return known ?? failure("internal", "a call within the mesh failed")
}

/** What a client is told by a server that is not of the mesh. Its words are for who asked. */
const codesOfOutside: Partial<Record<grpc.status, FailureCode>> = {
  [grpc.status.INVALID_ARGUMENT]: "bad_request",
  [grpc.status.NOT_FOUND]: "bad_request",
  [grpc.status.OUT_OF_RANGE]: "bad_request",
  [grpc.status.FAILED_PRECONDITION]: "bad_request",
  [grpc.status.ALREADY_EXISTS]: "bad_request",
  [grpc.status.PERMISSION_DENIED]: "permission_denied",
  [grpc.status.UNAUTHENTICATED]: "permission_denied"
}

const maxWordsLength = 256

/** The statuses of a server that knows nothing of our failures. */
export const outsideFailure = (error: unknown): Failure => {
  const { code, details = "" } = error as Partial<grpc.ServiceError>
  const known = code === undefined ? undefined : codesOfOutside[code]
  const words = details.slice(0, maxWordsLength)
  if (known !== undefined) return failure(known, words || `the backend answered ${known}`)
  switch (code) {
    // Of too large an answer grpc-js says the same: the time to wait is a guess for both.
    case grpc.status.RESOURCE_EXHAUSTED:
      return failure("too_many_requests", words || "the backend is busy", 1_000)
    case grpc.status.DEADLINE_EXCEEDED:
      return failure("timeout", "no answer came in time")
    default:
      return failure("unavailable", "the backend cannot answer now", 1_000)
  }
}
