/**
 * ExitCode: what the shell is told of how a command ended, with one line for a person where
 * it ended badly.
 */
import { Cause, Exit } from "effect"
import { CliError } from "effect/cli"
import { CommandFailed, exitCodes } from "./CommandFailed.ts"
import { complain } from "./Output.ts"

/** They run until they are told to end: to be told so is no failure. */
const endless = ["subscribe"]

export const exitCodeOf = (
  exit: Exit.Exit<unknown, unknown>,
  command: string | undefined
): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) {
    return endless.includes(command ?? "") ? 0 : exitCodes.interrupted
  }
  const error = exit.cause.reasons.find(Cause.isFailReason)?.error
  if (error instanceof CommandFailed) {
    complain(error.message)
    return error.exitCode
  }
  // What is wrong has been said; without errors, help is what was wanted.
  if (CliError.isCliError(error)) {
    return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : exitCodes.wrongUsage
  }
  complain(`a defect, please report it: ${Cause.pretty(exit.cause)}`)
  return exitCodes.refused
}
