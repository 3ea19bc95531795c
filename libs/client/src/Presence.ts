/**
 * Presence: a page of a channel's roster.
 */
import type { ServerPayload } from "./Envelope.ts"
import { type Member, memberOf } from "./Publication.ts"

export interface PresenceOptions {
  /** Only the counts. */
  readonly counts?: boolean | undefined
  /** Up to 1,000; 100 when absent. */
  readonly limit?: number | undefined
  /** The `next` of the page before. */
  readonly after?: string | undefined
}

export interface Presence {
  readonly channel: string
  readonly members: ReadonlyArray<Member>
  readonly memberCount: number
  readonly userCount: number
  /** The `after` of the next page; empty: this was the last one. */
  readonly next: string
}

export const presenceOf = (payload: ServerPayload<"presence">): Presence => ({
  channel: payload.channel,
  members: (payload.members ?? []).map(memberOf),
  memberCount: payload.memberCount ?? 0,
  userCount: payload.userCount ?? 0,
  next: payload.next ?? ""
})
