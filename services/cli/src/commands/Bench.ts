/**
 * Bench: the harness that measures Weir and its peers.
 */
import { Argument, Command } from "effect/cli"
import { runOther } from "../OtherProgram.ts"

export const bench = Command.make(
  "bench",
  { args: Argument.String("argument").pipe(Argument.variadic()) },
  ({ args }) => runOther("bench/src/main.ts", args)
).pipe(
  Command.withShortDescription("measure it on this machine"),
  Command.withDescription(
    `Measures Weir on this machine, and its peers beside it.

  The same as npm run bench, whose arguments it takes: weir bench -- --help shows them.`
  ),
  Command.withExamples([
    {
      command: "weir bench fanout --peer socket.io",
      description: "CPU per delivery, beside Socket.IO"
    }
  ])
)
