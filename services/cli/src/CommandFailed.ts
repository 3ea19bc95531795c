/**
 * CommandFailed: a command could not do what was asked, in one line that says what to do.
 */
import { Data } from "effect"

/** What the shell is told. 69 is sysexits.h's for a service that is not there. */
export const exitCodes = {
  refused: 1,
  wrongUsage: 2,
  unreachable: 69,
  /** As a shell says it of a program that Ctrl-C ended. */
  interrupted: 130
} as const

export class CommandFailed extends Data.TaggedError("CommandFailed")<{
  readonly message: string
  readonly exitCode: number
}> {}

export const refused = (message: string): CommandFailed =>
  new CommandFailed({ message, exitCode: exitCodes.refused })

export const wrongUsage = (message: string): CommandFailed =>
  new CommandFailed({ message, exitCode: exitCodes.wrongUsage })

export const unreachable = (message: string): CommandFailed =>
  new CommandFailed({ message, exitCode: exitCodes.unreachable })
