/**
 * RedisFailure: why Redis did not do what it was asked, and what is known of it.
 */
import { Data } from "effect"

/**
 * `unreachable`: never sent, so it did not happen. `unanswered`: sent, and nobody
 * knows. `refused`: Redis answered with an error, so it did not happen.
 */
export type RedisFailureKind = "unreachable" | "unanswered" | "refused"

export class RedisFailure extends Data.TaggedError("RedisFailure")<{
  readonly kind: RedisFailureKind
  readonly message: string
}> {}
