/**
 * Channels: which are in use, wherever their owners are.
 */
import { maxPageSize } from "@weir/core/PageSize"
import { AdminServiceDefinition, type Channel } from "@weir/proto/api/v1/admin"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as Api from "../Api.ts"
import { showName } from "../Content.ts"
import * as Flags from "../Flags.ts"
import { note, painted, print, printJson } from "../Output.ts"
import { table } from "../Table.ts"

const header = ["channel", "head", "owner", "connectors"]

const rowOf = ({ channel, connectors, owner, position }: Channel) => [
  showName(channel),
  position === undefined ? "-" : String(position.offset),
  owner,
  String(connectors)
]

/** Each page is a table of its own width: what comes later is not waited for. */
const tell = (channels: ReadonlyArray<Channel>, isFirst: boolean): void => {
  const [head, ...rows] = table([header, ...channels.map(rowOf)], [1, 3])
  if (isFirst) print(painted("dim", head!))
  for (const row of rows) print(row)
}

export const channels = Command.make(
  "channels",
  {
    prefix: Argument.String("prefix").pipe(
      Argument.withDescription("what their names begin with"),
      Argument.withDefault("")
    ),
    limit: Flags.count("limit").pipe(
      Flag.withDescription("at most so many, by name (all)"),
      Flag.optional
    ),
    ...Flags.api,
    json: Flags.json
  },
  Effect.fn(function* ({ json, limit, prefix, ...flags }) {
    let left = Option.getOrElse(limit, () => Number.POSITIVE_INFINITY)
    let seen = 0
    let after = ""
    yield* Api.ask(
      AdminServiceDefinition,
      flags,
      Effect.fnUntraced(function* (client, options) {
        do {
          const request = { prefix, after, limit: Math.min(left, maxPageSize) }
          const page = yield* client.listChannels(request, options)
          if (json) page.channels.forEach(printJson)
          else if (page.channels.length > 0) tell(page.channels, seen === 0)
          seen += page.channels.length
          left -= page.channels.length
          after = page.next
        } while (after !== "" && left > 0)
      })
    )
    if (seen === 0) note(`no channel${prefix === "" ? "" : ` with ${prefix}`} is in use`)
    else if (after !== "") note(`there are more; --limit says how many to show`)
  })
).pipe(
  Command.withShortDescription("list the channels in use"),
  Command.withDescription(
    `Lists the channels in use: their head, their owner, and how many connectors follow them.

  In use: subscribed to now, or published to or read in the last ten minutes.
  Needs an API key with a verb on the pattern \`*\`.`
  ),
  Command.withExamples([
    { command: "weir channels", description: "All of them" },
    { command: "weir channels chat: --limit 20", description: "The first twenty rooms" }
  ])
)
