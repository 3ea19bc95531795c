/**
 * Arguments: the command line as the parser is to see it.
 */

/** These pass on what they are told, flags and all. */
const passedOn = ["start", "bench"]

/** What another program is to read stands behind `--`; help of our own does not. */
export const argumentsFor = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [command = "", ...rest] = args
  const isOurs = !passedOn.includes(command) || rest[0] === "--help" || rest[0] === "-h"
  return isOurs || rest[0] === "--" ? args : [command, "--", ...rest]
}
