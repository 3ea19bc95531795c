/**
 * Failures: our failures inside mesh messages, where one stream carries the
 * answers of many requests and so cannot fail as a whole.
 */
import { type Failure, fromCode } from "@weir/core/Failure"
import type { Failure as FailureMessage } from "@weir/proto/mesh/v1/router"

export const toMessage = ({ code, message, retryAfterMs }: Failure): FailureMessage => ({
  code,
  message,
  retryAfterMs
})

export const fromMessage = ({ code, message, retryAfterMs }: FailureMessage): Failure =>
  fromCode(code, message, retryAfterMs)
