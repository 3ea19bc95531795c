/**
 * Publication, Member: what channels hold, decoded for the program.
 */
import { decodeData } from "./Data.ts"
import type { MemberPayload, Position, PublicationPayload } from "./Envelope.ts"

export interface Publication {
  readonly channel: string
  readonly position: Position
  /** A JSON value, a string for `text/plain`, a `Uint8Array` for any other content type. */
  readonly data: unknown
  readonly contentType: string
  /** The user, or the API key's id. */
  readonly publisher: string
  readonly messageId: string
  /** What it is the newest of, if its publisher said; else empty. */
  readonly key: string
  /** Unix milliseconds at the channel's owner. */
  readonly publishedAt: number
}

/** One session's entry in a channel's roster. */
export interface Member {
  /** Names this member within the channel. */
  readonly id: string
  readonly user: string
  /** Unix milliseconds. */
  readonly joinedAt: number
  readonly data: unknown
  readonly contentType: string
}

export const publicationOf = (payload: PublicationPayload, channel: string): Publication => ({
  channel,
  position: payload.position,
  publisher: payload.publisher ?? "",
  messageId: payload.messageId ?? "",
  key: payload.key ?? "",
  publishedAt: payload.publishedAt ?? 0,
  ...decodeData(payload)
})

export const memberOf = (payload: MemberPayload): Member => ({
  id: payload.id,
  user: payload.user ?? "",
  joinedAt: payload.joinedAt ?? 0,
  ...decodeData(payload)
})
