/**
 * Publication: one message that a channel accepted, and the message before that.
 */
import type { Position } from "./Position.ts"

/** What somebody wants to publish: checked, but without a place in the log yet. */
export interface Message {
  readonly channel: string
  /** A user, an API key's id, or an anonymous client's public name. */
  readonly publisher: string
  /** The publisher's own id for it, at most 64 bytes; empty if it gave none. */
  readonly messageId: string
  /** What it says the newest of, at most 64 bytes; empty if its channel has no keys. */
  readonly key: string
  readonly contentType: string
  readonly data: Uint8Array
}

export interface Publication extends Message {
  readonly position: Position
  /** Unix milliseconds at the owner; never decreases within a channel. */
  readonly publishedAt: number
}

/** The answer to a publisher. */
export interface Accepted {
  readonly position: Position
  /** An earlier message had this id; `position` is that one's. */
  readonly duplicate: boolean
}

/** Of a message id, and of a key. */
export const maxIdBytes = 64
