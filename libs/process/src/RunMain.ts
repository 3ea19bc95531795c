/**
 * RunMain: runs one effect as the process, and ends as operators expect.
 *
 * SIGTERM and Ctrl-C interrupt it, and its finalizers run. Exit codes: 0 ended on
 * request, 1 could not start or died, 2 the configuration is wrong.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { ConfigMistakes } from "@weir/config/LoadSettings"
import { Cause, type Effect, Exit } from "effect"

/** What went wrong in one paragraph: a stack helps nobody who mistyped a port. */
const explain = (cause: Cause.Cause<unknown>): string => {
  const failed = cause.reasons.find(Cause.isFailReason)?.error
  if (failed instanceof ConfigMistakes) return `weir: ${failed.message}`
  if (failed instanceof Error) return `weir: cannot start: ${failed.message}`
  return `weir: died\n${Cause.pretty(cause)}`
}

/** Past `shutdownLimitMs` a process that was told to end is stuck, and ends all the same. */
export const runMain = <E>(main: Effect.Effect<unknown, E>, shutdownLimitMs: number): void => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => setTimeout(() => process.exit(1), shutdownLimitMs).unref())
  }
  NodeRuntime.runMain(main, {
    disableErrorReporting: true,
    teardown: (exit, onExit) => {
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return onExit(0)
      console.error(explain(exit.cause))
      const failed = exit.cause.reasons.find(Cause.isFailReason)?.error
      onExit(failed instanceof ConfigMistakes ? 2 : 1)
    }
  })
}
