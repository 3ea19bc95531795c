/**
 * Subscription: one session's wish for one channel, and how far it has come.
 *
 * `pending`: being made. `live`: given publications as they arrive, or as often as it
 * asked for; its position is the channel's. `behind`: given what it lacks after its cursor,
 * from the log or from what is kept here, until it meets the channel. `ahead`: its cursor is
 * past what this connector was given, since the log was read at the owner; it waits for the
 * channel to come up to it.
 */
import type { Position } from "@weir/core/Position"
import type { Deferred } from "effect"
import type { Connection } from "./Connection.ts"
import type { MaxRate } from "./MaxRate.ts"

export interface Subscription {
  readonly channel: string
  readonly connection: Connection
  state: "pending" | "live" | "behind" | "ahead" | "ended"
  /** Present where the client does not want all of them. */
  readonly maxRate: MaxRate | undefined
  /** The last position given to the client; while live it is kept only with a rate. */
  cursor: Position | undefined
  /** A fiber is reading the log for it. */
  replaying: boolean
  /** An unsubscribe waits for it to be settled. */
  leaving: boolean
  /** Done once it is no longer pending. */
  readonly settled: Deferred.Deferred<void>
  readonly wantsPresence: boolean
  /** The member announced with it. */
  memberId: string | undefined
  /** The member that its signals are from, once there was one: they do not come back. */
  signalledAs: string | undefined
  /** Its session is to have it replayed, once its connection takes more. */
  readonly fellBehind: () => void
}
