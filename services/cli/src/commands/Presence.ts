/**
 * Presence: who is in a channel.
 */
import { maxPageSize } from "@weir/core/PageSize"
import {
  type GetPresenceResponse,
  type Member,
  PresenceServiceDefinition
} from "@weir/proto/api/v1/presence"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import * as Api from "../Api.ts"
import { fromBytes, show, toJson } from "../Content.ts"
import * as Flags from "../Flags.ts"
import { note, print, printJson } from "../Output.ts"
import { nameText, timeText } from "../PublicationText.ts"

const contentOf = ({ contentType, data }: Member) =>
  data.byteLength === 0 ? undefined : fromBytes(contentType, data)

const tell = (channel: string, member: Member, json: boolean): void => {
  const content = contentOf(member)
  const { id, joinedAt, user } = member
  if (json) {
    return printJson({
      channel,
      id,
      user,
      joinedAt,
      ...(content === undefined ? {} : toJson(content))
    })
  }
  const what = content === undefined ? "" : show(content)
  print([nameText(user), `since ${timeText(joinedAt)}`, what].join("  ").trimEnd())
}

const countsText = ({ memberCount, userCount }: GetPresenceResponse): string =>
  `${memberCount} ${memberCount === 1 ? "member" : "members"}, ${userCount} ${userCount === 1 ? "user" : "users"}`

export const presence = Command.make(
  "presence",
  {
    channel: Argument.String("channel"),
    counts: Flags.flag("counts", "only how many"),
    ...Flags.api,
    json: Flags.json
  },
  Effect.fn(function* ({ channel, counts, json, ...flags }) {
    yield* Api.ask(
      PresenceServiceDefinition,
      flags,
      Effect.fnUntraced(function* (client, options) {
        let after = ""
        do {
          const request = { channel, counts, limit: maxPageSize, after }
          const page = yield* client.getPresence(request, options)
          if (!counts) for (const member of page.members) tell(channel, member, json)
          else if (!json) print(countsText(page))
          else printJson({ channel, members: page.memberCount, users: page.userCount })
          if (!counts && page.next === "") note(`${channel}: ${countsText(page)}`)
          after = counts ? "" : page.next
        } while (after !== "")
      })
    )
  })
).pipe(
  Command.withShortDescription("show who is in a channel"),
  Command.withDescription(
    `Shows who is in a channel: every session that announced itself there as a member.`
  ),
  Command.withExamples([
    { command: "weir presence chat:lobby", description: "Who is in the room" },
    { command: "weir presence chat:lobby --counts --json", description: "How many, for a script" }
  ])
)
