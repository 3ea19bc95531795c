/**
 * Unavailable: what a failing Redis means to whoever asked for a log.
 *
 * They are told to come again, at different times: what Redis said is for the
 * operator, and told often enough when it is told once a second.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { RedisFailure } from "@weir/redis/RedisFailure"
import { Clock, Effect, Random } from "effect"

const logEveryNanos = 1_000_000_000n

/** Gives what turns a `RedisFailure` into the `Failure` to answer. */
export const makeUnavailable = () => {
  let loggedAt: bigint | undefined
  return Effect.fnUntraced(function* (refused: RedisFailure): Effect.fn.Return<never, Failure> {
    const now = yield* Clock.monotonicTimeNanos
    // The others say that Redis is away, which its connection logs.
    if (refused.kind === "refused" && (loggedAt === undefined || now - loggedAt >= logEveryNanos)) {
      loggedAt = now
      yield* Effect.logWarning("redis refuses", { why: refused.message })
    }
    const retryAfterMs = yield* Random.nextIntBetween(500, 2_000)
    return yield* failure("unavailable", "the log is not available", retryAfterMs)
  })
}
