/**
 * Restrictions: who is revoked, banned, muted or kicked.
 */
import { maxPageSize } from "@weir/core/PageSize"
import { restrictionKinds } from "@weir/core/Restriction"
import { AdminServiceDefinition, type Restriction } from "@weir/proto/api/v1/admin"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import * as Api from "../Api.ts"
import { showName } from "../Content.ts"
import * as Flags from "../Flags.ts"
import { note, painted, print, printJson } from "../Output.ts"
import { table } from "../Table.ts"
import { targetText } from "../Target.ts"

const header = ["kind", "of", "until", "reason"]

const rowOf = ({ kind, reason, target, until }: Restriction) => [
  ...[kind, showName(targetText(target)), new Date(until).toISOString(), showName(reason)]
]

const tell = (page: ReadonlyArray<Restriction>, isFirst: boolean): void => {
  const [head, ...rows] = table([header, ...page.map(rowOf)])
  if (isFirst) print(painted("dim", head!))
  for (const row of rows) print(row)
}

export const restrictions = Command.make(
  "restrictions",
  {
    kind: Argument.String("kind").pipe(
      Argument.withDescription(`only these: ${restrictionKinds.join(", ")}`),
      Argument.withDefault("")
    ),
    ...Flags.api,
    json: Flags.json
  },
  Effect.fn(function* ({ json, kind, ...flags }) {
    let seen = 0
    let after = ""
    yield* Api.ask(
      AdminServiceDefinition,
      flags,
      Effect.fnUntraced(function* (client, options) {
        do {
          const request = { kind, after, limit: maxPageSize }
          const page = yield* client.listRestrictions(request, options)
          if (json) page.restrictions.forEach(printJson)
          else if (page.restrictions.length > 0) tell(page.restrictions, seen === 0)
          seen += page.restrictions.length
          after = page.next
        } while (after !== "")
      })
    )
    if (seen === 0) note("nobody is restricted")
  })
).pipe(
  Command.withShortDescription("list who is revoked, banned, muted or kicked"),
  Command.withDescription(
    `Lists the restrictions that hold, with their end and the reason that was given.

  Needs an API key with "admin": true in the configuration.`
  ),
  Command.withExamples([
    { command: "weir restrictions", description: "All of them" },
    { command: "weir restrictions ban", description: "Bans only" }
  ])
)
