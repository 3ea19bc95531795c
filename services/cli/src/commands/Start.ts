/**
 * Start: the same as `npm start`.
 */
import { Argument, Command } from "effect/cli"
import { runOther } from "../OtherProgram.ts"

export const start = Command.make(
  "start",
  { args: Argument.String("argument").pipe(Argument.variadic()) },
  ({ args }) => runOther("deploy/standalone/src/main.ts", args)
).pipe(
  Command.withShortDescription("run Weir here, all of it in one process"),
  Command.withDescription(
    `Runs all of Weir in one process, with logs in memory and a development identity.

  The same as npm start, whose arguments it takes; on this machine only, until Ctrl-C.`
  ),
  Command.withExamples([
    { command: "weir start", description: "Then open http://127.0.0.1:8080/" },
    { command: "weir start --json", description: "One line for a script that says where it is" },
    { command: "WEIR_HTTP_PORT=8081 weir start", description: "Elsewhere" }
  ])
)
