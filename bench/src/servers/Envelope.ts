/**
 * Envelope: the frame that Weir makes of a publication in JSON, byte for byte, for the
 * floors: they are to write what Weir writes, and nothing else.
 */
import { frameMessage } from "@weir/socket/Frame"

/** As long as a router's own. */
const epoch = "6kctvl19"
const term = 3_677_058_658_368_073

export const positionAt = (offset: number) => ({ epoch, term, offset })

export const publisher = "dev-key"

/** Of a server that has but one. */
export const onlyChannel = "live:bench"

/** `{"type":"publication",…,"data":<payload>}}` as one text frame. */
export const publicationFrame = (channel: string, offset: number, payload: Buffer): Buffer => {
  const now = Date.now()
  const position = `{"epoch":"${epoch}","term":${term},"offset":${offset}}`
  const head =
    `{"type":"publication","ts":${now},"payload":{"channel":${JSON.stringify(channel)}` +
    `,"position":${position},"publisher":"${publisher}","publishedAt":${now},"data":`
  return frameMessage(Buffer.concat([Buffer.from(head), payload, Buffer.from("}}")]), "text")
}
