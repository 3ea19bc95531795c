/**
 * EndOfTurn: goes on when the work that is at hand is done, but before the event loop turns.
 *
 * What is gathered until then is all that one read of a socket has brought. `Effect.yieldNow`
 * waits for the loop to turn, which asks the kernel for more first: on its way through a
 * router, a publication would wait for that at each step.
 */
import { Effect } from "effect"

export const endOfTurn: Effect.Effect<void> = Effect.callback((resume) => {
  queueMicrotask(() => resume(Effect.void))
})
