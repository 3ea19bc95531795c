/**
 * PublicationText: a publication as a person reads it, and as a program does.
 */
import type { Position } from "@weir/core/Position"
import type { Accepted } from "@weir/core/Publication"
import { type Content, show, showName, toJson } from "./Content.ts"
import { painted, print, printJson } from "./Output.ts"

export interface ShownPublication extends Content {
  readonly channel: string
  readonly position: Position
  readonly publisher: string
  readonly messageId: string
  readonly key: string
  readonly publishedAt: number
}

const nameWidth = 8

const two = (number: number): string => String(number).padStart(2, "0")

/** By the clock of this machine, with the day unless that is today. */
export const timeText = (millis: number, now = new Date()): string => {
  const then = new Date(millis)
  const time = [then.getHours(), then.getMinutes(), then.getSeconds()].map(two).join(":")
  if (then.toDateString() === now.toDateString()) return time
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} ${time}`
}

export const nameText = (name: string): string =>
  painted("bold", showName(name === "" ? "nobody" : name).padEnd(nameWidth))

/** When, where if that is not plain, who, what. */
export const publicationText = (
  publication: ShownPublication,
  { withChannel = false, withOffset = false } = {}
): string => {
  const { channel, position, publishedAt, publisher } = publication
  return [
    ...(withOffset ? [painted("dim", String(position.offset).padStart(6))] : []),
    painted("dim", timeText(publishedAt)),
    ...(withChannel ? [painted("cyan", showName(channel))] : []),
    nameText(publisher),
    show(publication)
  ].join("  ")
}

export const publicationJson = (publication: ShownPublication): object => {
  const { channel, key, messageId, position, publishedAt, publisher } = publication
  return {
    ...{ type: "publication", channel, position, messageId, publisher, publishedAt },
    ...(key === "" ? {} : { key }),
    ...toJson(publication)
  }
}

/** Where a message has gone. */
export const tellAccepted = (
  channel: string,
  { duplicate, position }: Accepted,
  json: boolean
): void => {
  if (json) return printJson({ channel, position, duplicate })
  const { epoch, offset, term } = position
  const rest = painted("dim", `epoch ${epoch}  term ${term}`)
  print(`${showName(channel)}  offset ${offset}  ${rest}${duplicate ? "  published before" : ""}`)
}
