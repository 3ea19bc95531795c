/**
 * Failure: every way a request is refused, as a closed table.
 *
 * A failure belongs to one request and leaves its connection open; what ends a
 * connection is in `CloseCode`. Messages are for people: they name the field
 * and the limit, and never carry internal text.
 */
import { Cause, Data, Effect, type Exit } from "effect"

interface FailureMeaning {
  readonly meaning: string
  /** The same request may succeed later, unchanged. */
  readonly retryable: boolean
}

export const failures = {
  bad_request: {
    meaning: "The request is malformed; the message names the field.",
    retryable: false
  },
  unknown_type: { meaning: "There is no request of this type.", retryable: false },
  duplicate_id: { meaning: "A request with this id is still unanswered.", retryable: false },
  unauthenticated: {
    meaning: "The token, ticket or API key is missing or not valid.",
    retryable: false
  },
  permission_denied: {
    meaning: "No capability allows this verb on this channel.",
    retryable: false
  },
  unknown_namespace: { meaning: "The configuration has no such namespace.", retryable: false },
  invalid_channel: { meaning: "The channel's name breaks a rule.", retryable: false },
  not_subscribed: { meaning: "The connection is not subscribed to the channel.", retryable: false },
  already_subscribed: { meaning: "The connection is subscribed to the channel.", retryable: false },
  payload_too_large: { meaning: "The data is larger than the limit.", retryable: false },
  too_many_requests: { meaning: "A limit on rate or count is reached.", retryable: true },
  unavailable: { meaning: "What the request needs cannot be reached now.", retryable: true },
  aborted: {
    meaning: "An earlier publication on the channel failed; order is kept.",
    retryable: true
  },
  not_durable: { meaning: "Fewer replicas than asked for have the publication.", retryable: true },
  timeout: { meaning: "No answer came in time; the outcome is unknown.", retryable: true },
  internal: { meaning: "A defect in Weir; its log says more.", retryable: false }
} as const satisfies Record<string, FailureMeaning>

export type FailureCode = keyof typeof failures

export const isFailureCode = (code: string): code is FailureCode => Object.hasOwn(failures, code)

/** A typed refusal of one request. */
export class Failure extends Data.TaggedError("Failure")<{
  readonly code: FailureCode
  readonly message: string
  /** When another try makes sense; 0: at once, or never. */
  readonly retryAfterMs: number
}> {}

export const failure = (code: FailureCode, message: string, retryAfterMs = 0): Failure =>
  new Failure({ code, message, retryAfterMs })

/** The failure with this code, or `internal` for a code that is not ours. */
export const fromCode = (code: string, message: string, retryAfterMs = 0): Failure =>
  isFailureCode(code)
    ? failure(code, message, retryAfterMs)
    : failure("internal", `unknown failure code ${code}`)

/**
 * What to answer when something ended without a value: its failure, if it has
 * one. A defect stays in the log, and nobody's retry would mend it.
 */
export const failureOf = (
  ended: Cause.Cause<Failure> | Exit.Failure<unknown, Failure>
): Failure => {
  const cause = Cause.isCause(ended) ? ended : ended.cause
  const refused = cause.reasons.find(Cause.isFailReason)
  if (refused !== undefined) return refused.error
  return Cause.hasInterruptsOnly(cause)
    ? failure("unavailable", "the server is stopping")
    : failure("internal", "internal error")
}

/** A rule's verdict, as an Effect. */
export const orFail = <A>(verdict: A | Failure): Effect.Effect<A, Failure> =>
  verdict instanceof Failure ? Effect.fail(verdict) : Effect.succeed(verdict)
