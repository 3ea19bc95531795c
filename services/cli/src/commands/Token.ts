/**
 * Token: a development token, for a client that wants one.
 */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { developmentToken } from "../DevelopmentToken.ts"
import * as Flags from "../Flags.ts"
import { print, printJson } from "../Output.ts"

export const token = Command.make(
  "token",
  { ...Flags.edge, json: Flags.json },
  Effect.fn(function* ({ json, url, user }) {
    const issued = yield* developmentToken(url, user)
    if (json) printJson({ user, token: issued })
    else print(issued)
  })
).pipe(
  Command.withShortDescription("print a development token"),
  Command.withDescription(
    `Prints a token with which a client may do everything in the configured namespaces.

  Only a Weir with the development identity gives one: npm start, npm run cluster.`
  ),
  Command.withExamples([
    { command: "weir token --user ann", description: "A token for Ann" },
    {
      command: 'WEIR_TOKEN="$(weir token --user bob)" weir subscribe chat:lobby',
      description: "Be Bob for a while"
    }
  ])
)
