/**
 * Subscription: a program's wish for a channel, as the program sees it.
 *
 * It outlives connections: after a cut it goes on where it was, or `onGap` says
 * what will not come. Each publication reaches `onPublication` once.
 */
import type { Position, SubscribedPayload } from "./Envelope.ts"
import type { WeirError } from "./Failure.ts"
import type { Gap } from "./Progress.ts"
import type { Member, Publication } from "./Publication.ts"
import type { Signal, SignalOptions } from "./Signal.ts"

export interface Subscribed {
  readonly channel: string
  /** The head at the line in time: what is acknowledged after it is delivered. */
  readonly position: Position
  /** Did it go on exactly where it was? Always false the first time. */
  readonly recovered: boolean
  /** Why not; `onGap` follows. */
  readonly reason: string | undefined
  /** The offset of the first publication that follows. */
  readonly next: number
  /** `latest`: offsets may jump, because only the newest is sent. */
  readonly delivery: "all" | "latest"
}

export interface PresenceChange {
  readonly channel: string
  readonly joined: ReadonlyArray<Member>
  /** Only `id` and `user` are known of those who left. */
  readonly left: ReadonlyArray<Pick<Member, "id" | "user">>
  /** Changes may have been missed: read the roster again. */
  readonly reset: boolean
}

export interface SubscriptionHandlers {
  onPublication(publication: Publication): unknown
  onGap?(gap: Gap): unknown
  /** Called at the first subscribe and after each reconnect, before what follows. */
  onSubscribed?(subscribed: Subscribed): unknown
  /** Needs the option `presence`. */
  onPresence?(change: PresenceChange): unknown
  /** Somebody else here says something in passing. */
  onSignal?(signal: Signal): unknown
  /** The server refused for good; the subscription has ended. */
  onError?(error: WeirError): unknown
  /** The subscription has ended; `reason` is a failure's code, empty if the program asked. */
  onUnsubscribed?(reason: string): unknown
}

export interface SubscribeOptions {
  /** Go on after this position. */
  readonly since?: Position | undefined
  /** Begin with the last n publications, or with those since a Unix time in milliseconds. */
  readonly rewind?: { readonly last?: number; readonly since?: number } | undefined
  /** Announce me in the channel's roster, with this. */
  readonly member?: unknown
  /** Call `onPresence` when members come and go. */
  readonly presence?: boolean | undefined
  /** At most one publication in so many milliseconds, the newest: for what is drawn, not counted. */
  readonly maxRateMs?: number | undefined
}

export interface Subscription {
  readonly channel: string
  /** After the last publication that was delivered; keep it to come back later with `since`. */
  readonly position: Position | undefined
  /** Resolves once the channel is subscribed on the present connection. */
  subscribed(): Promise<Subscribed>
  /**
   * Says something in passing to the others who are subscribed now: typing, a cursor. At most
   * 1 KiB, never kept, and never sent later. False: it was left out, since the channel is not
   * subscribed at the moment or the server's rate is reached.
   */
  signal(data: unknown, options?: SignalOptions): boolean
  unsubscribe(): void
}

export const subscribedOf = (payload: SubscribedPayload): Subscribed => ({
  channel: payload.channel,
  position: payload.position,
  recovered: payload.recovered === true,
  reason: payload.reason || undefined,
  next: payload.next,
  delivery: payload.delivery === "latest" ? "latest" : "all"
})
