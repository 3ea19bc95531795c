/**
 * History: what a channel's log still holds.
 */
import type { Failure } from "@weir/core/Failure"
import { maxPageSize } from "@weir/core/PageSize"
import type { CallOptions, GrpcClient } from "@weir/grpc/GrpcClient"
import {
  type GetHistoryResponse,
  type HistoryEntry,
  HistoryServiceDefinition
} from "@weir/proto/api/v1/history"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as Api from "../Api.ts"
import { fromBytes } from "../Content.ts"
import * as Flags from "../Flags.ts"
import { note, print, printJson } from "../Output.ts"
import { publicationJson, publicationText } from "../PublicationText.ts"

const defaultLimit = 20

interface Wanted {
  readonly channel: string
  readonly limit: number
  readonly reverse: boolean
  readonly after: number | undefined
}

type Read = (page: {
  readonly after: number
  readonly limit: number
}) => Effect.Effect<GetHistoryResponse, Failure>

/** Where to begin so that the newest `limit` follow, oldest first. */
const beginning = Effect.fnUntraced(function* (read: Read, { after, limit, reverse }: Wanted) {
  if (after !== undefined) return after
  if (reverse) return 0
  const { position } = yield* read({ after: 0, limit: 1 })
  return Math.max(0, (position?.offset ?? 0) - limit)
})

const show = (channel: string, json: boolean, entry: HistoryEntry): void => {
  const { contentType, data, key, messageId, position, publishedAt, publisher } = entry
  if (position === undefined) return
  const content = fromBytes(contentType, data)
  const publication = { channel, position, publisher, messageId, key, publishedAt, ...content }
  if (json) printJson(publicationJson(publication))
  else print(publicationText(publication, { withOffset: true }))
}

/** How many were shown. */
const tell = Effect.fnUntraced(function* (
  client: GrpcClient<HistoryServiceDefinition>,
  options: CallOptions,
  wanted: Wanted,
  json: boolean
) {
  const { channel, limit, reverse } = wanted
  const read: Read = (page) => client.getHistory({ channel, reverse, ...page }, options)
  let after = yield* beginning(read, wanted)
  let left = limit
  do {
    const page = yield* read({ after, limit: Math.min(left, maxPageSize) })
    for (const entry of page.entries) show(channel, json, entry)
    left -= page.entries.length
    after = page.next
  } while (after !== 0 && left > 0)
  return limit - left
})

export const history = Command.make(
  "history",
  {
    channel: Argument.String("channel"),
    limit: Flags.count("limit").pipe(
      Flag.withDescription(`at most so many, the newest (${defaultLimit})`),
      Flag.withDefault(defaultLimit)
    ),
    reverse: Flags.flag("reverse", "newest first"),
    after: Flags.count("after").pipe(
      Flag.withDescription("begin behind this offset; with --reverse, before it"),
      Flag.optional
    ),
    ...Flags.api,
    json: Flags.json
  },
  Effect.fn(function* ({ after, channel, json, limit, reverse, ...flags }) {
    const wanted = { channel, limit, reverse, after: Option.getOrUndefined(after) }
    const shown = yield* Api.ask(HistoryServiceDefinition, flags, (client, options) =>
      tell(client, options, wanted, json)
    )
    if (shown === 0) note(`${channel} holds nothing${Option.isSome(after) ? " there" : ""}`)
  })
).pipe(
  Command.withShortDescription("print what a channel keeps"),
  Command.withDescription(
    `Prints what a channel's log still holds: offset, when, who, what; the newest last.

  Channels of a namespace that is not logged hold nothing.`
  ),
  Command.withExamples([
    { command: "weir history chat:lobby", description: `The last ${defaultLimit} messages` },
    {
      command: "weir history chat:lobby --limit 1000000 --json > lobby.jsonl",
      description: "All that is kept, into a file"
    },
    {
      command: "weir history chat:lobby --after 40 --limit 10",
      description: "What came after offset 40"
    }
  ])
)
