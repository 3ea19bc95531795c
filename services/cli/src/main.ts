/**
 * `weir`: one command, from the command line to its exit code.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { Command } from "effect/cli"
import manifest from "../package.json" with { type: "json" }
import { argumentsFor } from "./Arguments.ts"
import { exitCodeOf } from "./ExitCode.ts"
import * as Help from "./Help.ts"
import { endWithReader } from "./Output.ts"
import { weir } from "./Weir.ts"

const args = argumentsFor(process.argv.slice(2))

endWithReader()
Command.runWith(weir, { version: manifest.version })(args).pipe(
  Effect.provide(Help.layer),
  Effect.provide(NodeServices.layer),
  (main) =>
    NodeRuntime.runMain(main, {
      disableErrorReporting: true,
      teardown: (exit, onExit) => onExit(exitCodeOf(exit, args[0]))
    })
)
