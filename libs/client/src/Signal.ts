/**
 * Signal: what others of a channel say in passing: typing, a cursor. It is not kept, and
 * some may be left out; the next one makes up for them.
 */
import { decodeData } from "./Data.ts"
import type { ServerPayload } from "./Envelope.ts"

export interface Signal {
  readonly channel: string
  /** The user, or an anonymous client's public name. */
  readonly publisher: string
  /** The sender's `Member.id`: tells two sessions of one user apart. */
  readonly member: string
  readonly data: unknown
  readonly contentType: string
}

export interface SignalOptions {
  /** `text/plain` for a string as text; any other than JSON for a `Uint8Array`. */
  readonly contentType?: string | undefined
}

export const signalOf = (payload: ServerPayload<"signal">): Signal => ({
  channel: payload.channel,
  publisher: payload.publisher ?? "",
  member: payload.member ?? "",
  ...decodeData(payload)
})
