/**
 * IdleSweep: lets go of channels that nobody uses, every so often.
 */
import { Effect, Schedule } from "effect"
import { Router } from "../Router.ts"

export const run = Effect.flatMap(Router, ({ forgetIdle }) =>
  Effect.repeat(forgetIdle, Schedule.spaced("30 seconds"))
)
