/**
 * History: a page of what a channel keeps.
 */
import type { Position, ServerPayload } from "./Envelope.ts"
import { type Publication, publicationOf } from "./Publication.ts"

export interface HistoryOptions {
  /** Begin after this offset, or before it when `reverse`. */
  readonly after?: number | undefined
  /** Up to 1,000; 100 when absent. */
  readonly limit?: number | undefined
  /** Newest first. */
  readonly reverse?: boolean | undefined
}

export interface History {
  readonly channel: string
  /** The head. */
  readonly position: Position
  readonly publications: ReadonlyArray<Publication>
  /** The `after` of the next page; 0: this was the last one. */
  readonly next: number
}

export const historyOf = (payload: ServerPayload<"history">): History => ({
  channel: payload.channel,
  position: payload.position,
  publications: (payload.publications ?? []).map((each) => publicationOf(each, payload.channel)),
  next: payload.next ?? 0
})
