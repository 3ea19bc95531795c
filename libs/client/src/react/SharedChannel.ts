/**
 * SharedChannel: the one subscription of a client to a channel, shared by all hooks on it.
 *
 * What the hooks wish is merged and settled once per turn, so that a commit of React asks the
 * server once, and StrictMode's rehearsal of each effect not at all. When something else is to
 * be asked, it subscribes again from the position it has: nothing is lost, nothing comes twice.
 */
import type { ChannelEvent } from "../ChannelEvents.ts"
import type { Position } from "../Envelope.ts"
import { asWeirError, WeirError } from "../Failure.ts"
import { Observed } from "../Observable.ts"
import type { SignalOptions } from "../Signal.ts"
import type { SubscribeOptions, Subscription } from "../Subscription.ts"
import type { WeirClient } from "../WeirClient.ts"
import { Roster } from "./Roster.ts"
import { type Guest, Seat } from "./Seat.ts"
import { asksTheSame, mergeWishes, type Wish } from "./Wish.ts"

export interface ChannelStatus {
  /** What is published now comes now. */
  readonly isLive: boolean
  /** Refused for good. */
  readonly error: WeirError | undefined
}

const optionsOf = (wish: Wish, since: Position | undefined): SubscribeOptions => ({
  ...(since === undefined ? {} : { since }),
  ...(since === undefined && wish.rewind > 0 ? { rewind: { last: wish.rewind } } : {}),
  ...(wish.member === undefined ? {} : { member: wish.member }),
  presence: wish.presence
})

// One page of a history; a longer rewind is refused by the server anyway.
const MAX_PAST = 1_000

export class SharedChannel {
  readonly status = new Observed<ChannelStatus>({ isLive: false, error: undefined })
  readonly roster: Roster
  readonly #client: WeirClient
  readonly #channel: string
  readonly #onEmpty: () => void
  readonly #seats = new Set<Seat>()
  #subscription: Subscription | undefined
  /** Which subscription it is: what an earlier one still says is for nobody. */
  #turn = 0
  #position: Position | undefined
  /** What was asked last, of a subscription that lives or was refused. */
  #asked: Wish | undefined
  /** Has the server begun to send? Then a rewind cannot be asked any more. */
  #hasBegun = false
  #isSettling = false
  #unwatch: (() => void) | undefined

  constructor(client: WeirClient, channel: string, onEmpty: () => void) {
    this.#client = client
    this.#channel = channel
    this.#onEmpty = onEmpty
    this.roster = new Roster(() => client.presence(channel, { limit: 1_000 }))
  }

  /** Gives what leaves it again. */
  join(guest: Guest): () => void {
    const seat = new Seat(guest)
    this.#seats.add(seat)
    this.settle()
    return () => {
      seat.leave()
      this.#seats.delete(seat)
      this.settle()
    }
  }

  /** To be called when a wish may have changed. */
  settle(): void {
    if (this.#isSettling) return
    this.#isSettling = true
    queueMicrotask(() => {
      this.#isSettling = false
      if (this.#seats.size === 0) this.#end()
      else this.#ask()
    })
  }

  signal(data: unknown, options?: SignalOptions): boolean {
    return this.#subscription?.signal(data, options) ?? false
  }

  #ask(): void {
    try {
      const wish = mergeWishes(Array.from(this.#seats, ({ guest }) => guest.wish()))
      if (!this.#hasAsked(wish)) this.#subscribe(wish)
    } catch (cause) {
      this.#fail(asWeirError(cause, "bad_request"))
    }
    this.#seatNewcomers()
  }

  #hasAsked(wish: Wish): boolean {
    const asked = this.#asked
    if (asked === undefined || !asksTheSame(asked, wish)) return false
    return this.#subscription === undefined || this.#hasBegun || asked.rewind >= wish.rewind
  }

  #subscribe(wish: Wish): void {
    this.#leave()
    const since = this.#position
    this.#asked = wish
    this.#hasBegun = since !== undefined
    if (!wish.presence) this.roster.clear()
    this.#unwatch ??= this.#client.connectionState.subscribe((state) => {
      if (state !== "connected") this.#show(false, this.status.value.error)
    })
    const turn = this.#turn
    const mine =
      <A>(take: (what: A) => void) =>
      (what: A) => {
        if (turn === this.#turn) take(what)
      }
    const tell = mine((event: ChannelEvent) => this.#tell(event))
    this.#subscription = this.#client.subscribe(
      this.#channel,
      {
        onPublication: (publication) => tell({ type: "publication", publication }),
        onGap: (gap) => tell({ type: "gap", gap }),
        onSignal: (signal) => tell({ type: "signal", signal }),
        onPresence: mine((change) => this.roster.change(change)),
        onSubscribed: mine(() => this.#begun(wish)),
        onError: mine((error) => this.#fail(error)),
        onUnsubscribed: mine((reason) =>
          this.#fail(new WeirError(reason || "aborted", `${this.#channel} was unsubscribed`))
        )
      },
      optionsOf(wish, since)
    )
    this.#show(false, undefined)
  }

  #begun(wish: Wish): void {
    this.#hasBegun = true
    this.#show(true, undefined)
    if (wish.presence) this.roster.read()
    this.#seatNewcomers()
  }

  #tell(event: ChannelEvent): void {
    for (const seat of this.#seats) seat.take(event)
  }

  /** Who comes before the beginning hears all from there; who comes later reads the past. */
  #seatNewcomers(): void {
    for (const seat of this.#seats) {
      if (!seat.isNew) continue
      const limit = Math.min(seat.guest.wish().rewind, MAX_PAST)
      if (!this.#hasBegun || limit === 0) seat.begin()
      else if (this.status.value.isLive) {
        seat.begin(this.#client.history(this.#channel, { limit, reverse: true }))
      }
    }
  }

  #fail(error: WeirError): void {
    this.#leave()
    this.#show(false, error)
  }

  #leave(): void {
    const subscription = this.#subscription
    this.#subscription = undefined
    this.#turn++
    subscription?.unsubscribe()
    this.#position = subscription?.position ?? this.#position
  }

  #end(): void {
    this.#leave()
    this.#unwatch?.()
    this.roster.clear()
    this.#onEmpty()
  }

  #show(isLive: boolean, error: WeirError | undefined): void {
    const { value } = this.status
    if (value.isLive !== isLive || value.error !== error) this.status.set({ isLive, error })
  }
}
