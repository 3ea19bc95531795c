/**
 * RestrictionWatch: learns what other auth nodes have restricted, and forgets what is over.
 */
import { Clock, Effect, Schedule, type Scope } from "effect"
import { restrictionsAge } from "../AuthMetrics.ts"
import { RestrictionList } from "../RestrictionList.ts"

/** One small question; with the stream behind it, all connectors know within half a second. */
const lookEvery = "200 millis"

/** Those that are over are over at once for who holds them; this is about room. */
const tidyEvery = "10 seconds"

/** Runs until the scope closes. The first look is over when this returns, if it can be had. */
export const run: Effect.Effect<void, never, RestrictionList | Scope.Scope> = Effect.gen(
  function* () {
    const { refresh, tidy } = yield* RestrictionList
    let readAt = yield* Clock.currentTimeMillis
    const look = Effect.gen(function* () {
      const isRead = yield* Effect.match(refresh, {
        onFailure: () => false,
        onSuccess: () => true
      })
      const now = yield* Clock.currentTimeMillis
      if (isRead) readAt = now
      restrictionsAge.set((now - readAt) / 1_000)
    })
    const forever = (effect: Effect.Effect<void>, every: typeof lookEvery | typeof tidyEvery) =>
      effect.pipe(
        Effect.ignoreCause({ log: "Error", message: "the list of restrictions was not read" }),
        Effect.schedule(Schedule.spaced(every)),
        Effect.forkScoped
      )
    yield* Effect.timeoutOption(look, "2 seconds")
    yield* forever(look, lookEvery)
    yield* forever(Effect.ignore(tidy), tidyEvery)
  }
)
