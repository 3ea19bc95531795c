/**
 * TicketKeyRotation: a new ticket key every hour.
 *
 * A key signs for one hour and is accepted for one more, so that every ticket is
 * good for an hour at least, or to the end of its token.
 */
import { Effect, Schedule, type Scope } from "effect"
import { Auth } from "../Auth.ts"

const interval = "1 hour"

/** Runs until the scope closes. */
export const run: Effect.Effect<void, never, Auth | Scope.Scope> = Effect.gen(function* () {
  const { rotateTicketKeys } = yield* Auth
  yield* rotateTicketKeys.pipe(
    Effect.ignoreCause({
      log: "Error",
      message: "the ticket keys were not rotated; they stay until the next try"
    }),
    Effect.schedule(Schedule.spaced(interval)),
    Effect.forkScoped
  )
})
