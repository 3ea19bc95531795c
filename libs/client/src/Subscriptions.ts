/**
 * Subscriptions: all that a client is subscribed to, carried over connections.
 *
 * Each channel has a slot with what the program wants and what the server holds;
 * one command at a time brings them together. The first 128 travel inside
 * `connect`, so that a reconnect is one round trip.
 */
import { ActiveSubscription } from "./ActiveSubscription.ts"
import { type Backoff, backoffMs } from "./Backoff.ts"
import { callBack, report } from "./Callback.ts"
import { failureOf } from "./Connection.ts"
import type {
  Position,
  ServerEnvelope,
  ServerPayload,
  SubscribedPayload,
  SubscribePayload,
  SubscribeResult
} from "./Envelope.ts"
import { WeirError } from "./Failure.ts"
import type { Pace } from "./Pace.ts"
import type { Published } from "./PublishLane.ts"
import type { Signals } from "./Signals.ts"
import type { SubscribeOptions, Subscription, SubscriptionHandlers } from "./Subscription.ts"

interface Slot {
  readonly channel: string
  /** What the program wants of the channel. */
  wanted?: ActiveSubscription | undefined
  /** For whom the server sends the channel on this connection; for nobody yet: "token". */
  held?: ActiveSubscription | "token" | undefined
  /** Where the token's own subscription began that the program has not asked for. */
  begun?: Position | undefined
  /** A command about the channel is unanswered. */
  busy: boolean
  /** Waits before the next command, after a refusal. */
  retry?: ReturnType<typeof setTimeout> | undefined
}

/** The protocol's bound on subscriptions inside `connect`. */
const MAX_OFFERED = 128
const MAX_CHANNELS = 4096

export class Subscriptions {
  readonly #slots = new Map<string, Slot>()
  /** Those for whose next command there was no room. */
  readonly #waiting = new Set<Slot>()
  readonly #backoff: Backoff
  readonly #random: () => number
  readonly #onGiven: (channel: string) => unknown
  #offered: ReadonlyArray<ActiveSubscription> = []
  #pace: Pace | undefined
  #signals: Signals | undefined

  /** `onGiven`: the server has made a subscription that the token asks for. */
  constructor(backoff: Backoff, random: () => number, onGiven: (channel: string) => unknown) {
    this.#backoff = backoff
    this.#random = random
    this.#onGiven = onGiven
  }

  add(channel: string, handlers: SubscriptionHandlers, options: SubscribeOptions): Subscription {
    if (this.#slots.get(channel)?.wanted !== undefined) {
      throw new WeirError("already_subscribed", `this client is subscribed to ${channel}`)
    }
    if (this.#slots.size >= MAX_CHANNELS) {
      throw new WeirError("too_many_requests", `a client has at most ${MAX_CHANNELS} channels`)
    }
    const slot = this.#slot(channel)
    const { begun, busy } = slot
    slot.begun = undefined
    const { member, presence = false, rewind } = options
    const isAsIs = rewind === undefined && member === undefined && !presence
    // Only while `#give` asks.
    const joins = begun !== undefined && busy && isAsIs && options.since === undefined
    // Otherwise it goes on from where the token's began, or where the program says.
    const { since = joins || rewind !== undefined ? undefined : begun } = options
    const subscription = new ActiveSubscription(
      channel,
      handlers,
      { ...options, since },
      {
        leave: (self) => this.#leave(self),
        signal: (payload) => this.#signals?.send(payload) ?? false
      }
    )
    slot.wanted = subscription
    if (joins) slot.held = subscription
    this.#settle(slot)
    return subscription
  }

  /** What is published there is not to come back to us. */
  leaveOut(channel: string, user: string, messageId: string, published: Promise<Published>): void {
    this.#slots.get(channel)?.wanted?.leaveOut(user, messageId, published)
  }

  /** What `connect` should carry. */
  offer(): ReadonlyArray<SubscribePayload> {
    this.#offered = Array.from(this.#slots.values(), ({ wanted }) => wanted)
      .filter((wanted) => wanted !== undefined)
      .slice(0, MAX_OFFERED)
    return this.#offered.map(({ request }) => request)
  }

  /** Their results answer what was last offered, in its order, and what the token asks for. */
  connected(pace: Pace, signals: Signals, payload: ServerPayload<"connected">): void {
    const { serverSubscriptions = [], subscriptions: results = [] } = payload
    this.#pace = pace
    this.#signals = signals
    const offered = this.#offered
    this.#offered = []
    // All of what the server holds is noted before the first callback, which may
    // leave any of these channels.
    offered.forEach((subscription, index) => {
      if (results[index]?.subscribed) this.#slot(subscription.channel).held = subscription
    })
    const given = serverSubscriptions.flatMap((result) => this.#note(result))
    offered.forEach((subscription, index) => {
      const { subscribed, error = { code: "internal" } } = results[index] ?? {}
      if (subscription.hasEnded) return
      if (subscribed !== undefined) subscription.begin(subscribed)
      else this.#refused(subscription, failureOf({ type: "error", payload: error }))
    })
    for (const { isNew, subscribed } of given) this.#give(subscribed, isNew)
    for (const { error } of serverSubscriptions) {
      if (error !== undefined) report(failureOf({ type: "error", payload: error }))
    }
    for (const slot of [...this.#slots.values()]) this.#settle(slot)
  }

  /** What the server holds for the token, if the program has not asked for it. */
  #note({ subscribed }: SubscribeResult) {
    if (subscribed === undefined || this.#slots.size >= MAX_CHANNELS) return []
    const slot = this.#slot(subscribed.channel)
    slot.held = "token"
    if (slot.wanted !== undefined) return []
    const isNew = slot.begun === undefined
    slot.begun ??= subscribed.position
    return [{ isNew, subscribed }]
  }

  /** If the program subscribes now, and has missed nothing before, it joins what there is. */
  #give(subscribed: SubscribedPayload, isNew: boolean): void {
    const slot = this.#slots.get(subscribed.channel)
    if (this.#pace === undefined || slot?.begun === undefined) return
    slot.busy = isNew
    callBack(() => this.#onGiven(slot.channel))
    slot.busy = false
    const { held } = slot
    if (held instanceof ActiveSubscription && !held.hasEnded) held.begin(subscribed)
  }

  disconnected(): void {
    this.#pace = undefined
    this.#signals = undefined
    this.#waiting.clear()
    for (const slot of this.#slots.values()) {
      clearTimeout(slot.retry)
      slot.retry = undefined
      slot.held = undefined
      slot.busy = false
      slot.wanted?.pause()
      if (slot.wanted === undefined && slot.begun === undefined) this.#slots.delete(slot.channel)
    }
  }

  /** There is room for commands again. */
  resume(): void {
    for (const slot of [...this.#waiting]) {
      if (this.#pace?.hasRoom !== true) return
      this.#waiting.delete(slot)
      this.#settle(slot)
    }
  }

  /** Takes a frame that was not asked for. */
  push(envelope: ServerEnvelope): void {
    if (!("channel" in envelope.payload)) return
    const slot = this.#slots.get(envelope.payload.channel ?? "")
    if (slot?.held === "token" && envelope.type === "unsubscribed") slot.held = undefined
    // What the server still sends for a subscription that has ended is for nobody.
    if (slot?.wanted === undefined || slot.wanted !== slot.held) return
    const subscription = slot.wanted
    switch (envelope.type) {
      case "publication":
        subscription.publication(envelope.payload, performance.now())
        break
      case "gap":
        subscription.gap(envelope.payload)
        break
      case "signal":
        subscription.signalled(envelope.payload)
        break
      case "presenceChange":
        subscription.presenceChange(envelope.payload)
        break
      case "unsubscribed":
        this.#takenBack(subscription, envelope.payload)
        break
    }
  }

  /** The client has closed; `error` if the server would not have it back. */
  close(error: WeirError | undefined): void {
    this.disconnected()
    const wanted = Array.from(this.#slots.values(), (slot) => slot.wanted)
    this.#slots.clear()
    for (const subscription of wanted) {
      if (error === undefined) subscription?.end("")
      else subscription?.fail(error)
    }
  }

  #slot(channel: string): Slot {
    const known = this.#slots.get(channel)
    if (known !== undefined) return known
    const slot: Slot = { channel, busy: false }
    this.#slots.set(channel, slot)
    return slot
  }

  /** Takes the next step from what the server holds to what the program wants. */
  #settle(slot: Slot): void {
    if (slot.busy || slot.retry !== undefined) return
    // The program may still ask for it.
    if (slot.begun !== undefined) return
    if (slot.held !== undefined && slot.held !== slot.wanted) this.#unsubscribe(slot)
    else if (slot.wanted === undefined) this.#slots.delete(slot.channel)
    else if (slot.held === undefined) this.#subscribe(slot, slot.wanted)
  }

  #subscribe(slot: Slot, subscription: ActiveSubscription): void {
    this.#command(slot, "subscribe", subscription.request, (answer) => {
      if (answer.type === "subscribed") slot.held = subscription
      if (subscription.hasEnded) return
      if (answer.type === "subscribed") subscription.begin(answer.payload)
      else this.#refused(subscription, failureOf(answer))
    })
  }

  #unsubscribe(slot: Slot): void {
    this.#command(slot, "unsubscribe", { channel: slot.channel }, (answer) => {
      if (answer.type === "error" && failureOf(answer).retryable) return
      slot.held = undefined
    })
  }

  #command(
    slot: Slot,
    type: "subscribe" | "unsubscribe",
    payload: object,
    take: (answer: ServerEnvelope) => void
  ): void {
    if (this.#pace === undefined) return
    slot.busy = this.#pace.request(type, payload, (answer) => {
      slot.busy = false
      take(answer)
      this.#settle(slot)
    })
    if (!slot.busy) this.#waiting.add(slot)
  }

  #refused(subscription: ActiveSubscription, failure: WeirError): void {
    const slot = this.#slot(subscription.channel)
    // Above the rate, `Pace` waits for all. Without a time to wait it is a limit on
    // the number of channels, and asking again would not change that.
    const counted = failure.code === "too_many_requests"
    if (!failure.retryable || (counted && failure.retryAfterMs === 0)) {
      slot.wanted = undefined
      subscription.fail(failure)
    } else if (!counted) {
      this.#retryLater(slot, subscription, failure.retryAfterMs)
    }
  }

  #retryLater(slot: Slot, subscription: ActiveSubscription, askedMs: number): void {
    const backoff = backoffMs(subscription.refusals++, this.#backoff, this.#random())
    slot.retry = setTimeout(
      () => {
        slot.retry = undefined
        this.#settle(slot)
      },
      askedMs > 0 ? askedMs : backoff
    )
  }

  #takenBack(
    subscription: ActiveSubscription,
    { channel, reason = "" }: ServerPayload<"unsubscribed">
  ): void {
    const slot = this.#slot(channel)
    slot.held = undefined
    if (new WeirError(reason, "").retryable) {
      subscription.pause()
      this.#retryLater(slot, subscription, 0)
    } else {
      slot.wanted = undefined
      subscription.end(reason)
    }
    this.#settle(slot)
  }

  #leave(subscription: ActiveSubscription): void {
    const slot = this.#slot(subscription.channel)
    slot.wanted = undefined
    clearTimeout(slot.retry)
    slot.retry = undefined
    subscription.end("")
    this.#settle(slot)
  }
}
