/**
 * KeepOpen: a session with another node, begun again whenever it ends.
 *
 * Whoever lost a node lost it together with everybody else, so the pauses are
 * spread; and a session that held for a while starts over with the shortest.
 */
import type { Failure } from "@weir/core/Failure"
import { Cause, Clock, Effect, Exit, Random, type Scope } from "effect"

const firstPauseMs = 50
const longestPauseMs = 1_000

/** A session that held this long was a good one. */
const goodAfterMs = 5_000

/** Never ends but by interruption. `onLost` is told before each pause. */
export const keepOpen = Effect.fnUntraced(function* (options: {
  /** For the log: what it is, and with whom. */
  readonly name: string
  readonly session: Effect.Effect<void, Failure, Scope.Scope>
  readonly onLost?: () => void
}): Effect.fn.Return<never> {
  const { name, onLost, session } = options
  let pauseMs = firstPauseMs
  while (true) {
    const begunAt = yield* Clock.currentTimeMillis
    const exit = yield* Effect.exit(Effect.scoped(session))
    onLost?.()
    const refused = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason) : undefined
    yield* Exit.isFailure(exit) && refused === undefined
      ? Effect.logError("a session died; beginning it again", { name }, exit.cause)
      : Effect.logDebug("a session has ended; beginning it again", {
          name,
          why: refused?.error.message
        })
    const held = (yield* Clock.currentTimeMillis) - begunAt
    pauseMs = held >= goodAfterMs ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs)
    yield* Effect.sleep(pauseMs * (0.5 + (yield* Random.next) / 2))
  }
})
