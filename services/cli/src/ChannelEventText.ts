/**
 * ChannelEventText: what a subscription tells, for a person and for a program.
 */
import type { ChannelEvent } from "@weir/client/ChannelEvents"
import type { Gap } from "@weir/client/Progress"
import type { Subscribed } from "@weir/client/Subscription"
import { show, showName, toJson } from "./Content.ts"
import { note, painted, print, printJson } from "./Output.ts"
import { nameText, publicationJson, publicationText, timeText } from "./PublicationText.ts"

const reasons: Readonly<Record<string, string>> = {
  trimmed: "the log has let go of them",
  dropped: "too much came at once",
  limit: "they are more than a replay brings",
  epoch_changed: "the log has begun anew",
  rolled_back: "the log has lost its end"
}

/** What was lost, and why. */
export const gapText = ({ channel, from, reason, to }: Gap): string => {
  const why = reasons[reason] ?? reason
  if (from === undefined || to === undefined) {
    return `${channel}: ${why}; what was published meanwhile may be missing`
  }
  const what =
    from === to ? `offset ${from} will` : `${to - from + 1} publications, ${from} to ${to}, will`
  return `${channel}: ${what} not come: ${why}`
}

const subscribedText = ({ channel, next, recovered }: Subscribed): string =>
  recovered
    ? `${channel}: goes on at offset ${next}, nothing is missing`
    : `${channel}: listening from offset ${next} on`

/** Prints what was asked for, and tells the rest. */
export const tellPerson = (event: ChannelEvent, withChannel: boolean): void => {
  /** Something beside the publications, at the time that it is heard. */
  const printAside = (channel: string, sign: string, name: string, what = "") => {
    const where = withChannel ? [painted("cyan", showName(channel))] : []
    const when = painted("dim", timeText(Date.now()))
    print([when, ...where, `${sign} ${nameText(name)}`, what].join("  ").trimEnd())
  }
  switch (event.type) {
    case "publication":
      return print(publicationText(event.publication, { withChannel }))
    case "gap":
      return note(gapText(event.gap))
    case "subscribed":
      return note(subscribedText(event.subscribed))
    case "signal":
      return printAside(event.signal.channel, "~", event.signal.publisher, show(event.signal))
    case "presence": {
      const { channel, joined, left, reset } = event.change
      for (const member of joined) printAside(channel, "+", member.user, dataOf(member))
      for (const { user } of left) printAside(channel, "-", user)
      if (reset) note(`${channel}: some may have come or gone unseen: npx weir presence ${channel}`)
    }
  }
}

/** Most members bring nothing to show. */
const dataOf = (member: { readonly data: unknown; readonly contentType: string }): string =>
  member.data === undefined || member.data === null ? "" : show(member)

const jsonOf = (event: ChannelEvent): object => {
  switch (event.type) {
    case "publication":
      return publicationJson(event.publication)
    case "gap":
      return { type: "gap", ...event.gap }
    case "subscribed":
      return { type: "subscribed", ...event.subscribed }
    case "signal": {
      const { channel, member, publisher } = event.signal
      return { type: "signal", channel, publisher, member, ...toJson(event.signal) }
    }
    case "presence": {
      const { channel, joined, left, reset } = event.change
      const members = joined.map(({ id, joinedAt, user, ...content }) => ({
        ...{ id, user, joinedAt },
        ...toJson(content)
      }))
      return { type: "presence", channel, joined: members, left, reset }
    }
  }
}

export const tellProgram = (event: ChannelEvent): void => printJson(jsonOf(event))
