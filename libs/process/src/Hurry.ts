/**
 * Hurry: happens when this process was told to end, and is told so once more.
 *
 * Whoever waits for others at the end races with it. Where nobody listens to signals, as in a
 * test, it never happens.
 */
import { Context, Effect } from "effect"

export const Hurry = Context.Reference<Effect.Effect<void>>("weir/process/Hurry", {
  defaultValue: () => Effect.never
})
