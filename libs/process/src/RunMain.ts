/**
 * RunMain: runs one effect as the process, and ends as operators expect.
 *
 * SIGTERM and Ctrl-C interrupt it, and its finalizers run; the next one hurries them. Exit codes:
 * 0 ended on request, 1 could not start or died, 2 the configuration is wrong.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { ConfigMistakes } from "@weir/config/LoadSettings"
import { Cause, Deferred, Effect, Exit } from "effect"
import { Hurry } from "./Hurry.ts"

/** What went wrong in one paragraph: a stack helps nobody who mistyped a port. */
const explain = (cause: Cause.Cause<unknown>): string => {
  const failed = cause.reasons.find(Cause.isFailReason)?.error
  if (failed instanceof ConfigMistakes) return `weir: ${failed.message}`
  if (failed instanceof Error) return `weir: cannot start: ${failed.message}`
  return `weir: died\n${Cause.pretty(cause)}`
}

/** So long a process takes to end that waits for nobody. */
export const shutdownLimitMs = 4_500

/** Ctrl-C reaches a process from its terminal, and from npm, too: that is one wish. */
const sameWishMs = 500

/** Past its limit a process that was told to end is stuck, and ends all the same. */
const listen = (limitMs: () => number): Effect.Effect<void> => {
  const hurry = Deferred.makeUnsafe<void>()
  let toldAt: number | undefined
  const endWithin = (ms: number) => void setTimeout(() => process.exit(1), ms).unref()
  const onSignal = () => {
    if (toldAt === undefined) {
      toldAt = performance.now()
      endWithin(limitMs())
    } else if (performance.now() - toldAt > sameWishMs) {
      Deferred.doneUnsafe(hurry, Exit.void)
      endWithin(shutdownLimitMs)
    }
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, onSignal)
  return Deferred.await(hurry)
}

/** `limitMs`: how long it may take to end, asked for once it is told to. */
export const runMain = <E>(main: Effect.Effect<unknown, E>, limitMs: () => number): void =>
  NodeRuntime.runMain(Effect.provideService(main, Hurry, listen(limitMs)), {
    disableErrorReporting: true,
    teardown: (exit, onExit) => {
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return onExit(0)
      console.error(explain(exit.cause))
      const failed = exit.cause.reasons.find(Cause.isFailReason)?.error
      onExit(failed instanceof ConfigMistakes ? 2 : 1)
    }
  })
