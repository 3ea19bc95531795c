/**
 * Subscriptions: all that a client is subscribed to, carried over connections.
 *
 * The first 128 travel inside `connect`, so that a reconnect is one round trip;
 * the others are asked for once connected. One refused for now is asked for again
 * later, one refused for good ends.
 */
import { ActiveSubscription } from "./ActiveSubscription.ts"
import { type Backoff, backoffMs } from "./Backoff.ts"
import { type Connection, failureOf } from "./Connection.ts"
import type {
  ServerEnvelope,
  ServerPayload,
  SubscribePayload,
  SubscribeResult
} from "./Envelope.ts"
import { WeirError } from "./Failure.ts"
import type { SubscribeOptions, Subscription, SubscriptionHandlers } from "./Subscription.ts"

/** The protocol's bound on subscriptions inside `connect`. */
const MAX_OFFERED = 128
const MAX_SUBSCRIPTIONS = 4096

export class Subscriptions {
  readonly #byChannel = new Map<string, ActiveSubscription>()
  readonly #retries = new Map<ActiveSubscription, ReturnType<typeof setTimeout>>()
  readonly #backoff: Backoff
  readonly #random: () => number
  #offered: ReadonlyArray<ActiveSubscription> = []
  #connection: Connection | undefined

  constructor(backoff: Backoff, random: () => number) {
    this.#backoff = backoff
    this.#random = random
  }

  add(channel: string, handlers: SubscriptionHandlers, options: SubscribeOptions): Subscription {
    if (this.#byChannel.has(channel)) {
      throw new WeirError("already_subscribed", `this client is subscribed to ${channel}`)
    }
    if (this.#byChannel.size >= MAX_SUBSCRIPTIONS) {
      throw new WeirError("too_many_requests", `a client has at most ${MAX_SUBSCRIPTIONS} channels`)
    }
    const leave = (self: ActiveSubscription) => this.#leave(self)
    const subscription = new ActiveSubscription(channel, handlers, options, leave)
    this.#byChannel.set(channel, subscription)
    this.#ask(subscription)
    return subscription
  }

  /** What `connect` should carry. */
  offer(): ReadonlyArray<SubscribePayload> {
    this.#offered = [...this.#byChannel.values()].slice(0, MAX_OFFERED)
    return this.#offered.map(({ request }) => request)
  }

  /** `results` answer what was last offered, in its order. */
  connected(connection: Connection, results: ReadonlyArray<SubscribeResult>): void {
    // Taken before any callback runs: what those subscribe is asked for by `add`.
    const offered = new Set(this.#offered)
    const others = [...this.#byChannel.values()].filter((each) => !offered.has(each))
    this.#connection = connection
    this.#offered.forEach((subscription, index) => {
      this.#answered(subscription, results[index] ?? {})
    })
    this.#offered = []
    for (const subscription of others) {
      if (!subscription.hasEnded) this.#ask(subscription)
    }
  }

  disconnected(): void {
    this.#connection = undefined
    for (const timer of this.#retries.values()) clearTimeout(timer)
    this.#retries.clear()
    for (const subscription of this.#byChannel.values()) subscription.pause()
  }

  /** Takes a frame that was not asked for. */
  push(envelope: ServerEnvelope): void {
    const subscription =
      "channel" in envelope.payload
        ? this.#byChannel.get(envelope.payload.channel ?? "")
        : undefined
    if (subscription === undefined) return
    switch (envelope.type) {
      case "publication":
        subscription.publication(envelope.payload, performance.now())
        break
      case "gap":
        subscription.gap(envelope.payload)
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
    const subscriptions = [...this.#byChannel.values()]
    this.#byChannel.clear()
    for (const subscription of subscriptions) {
      if (error === undefined) subscription.end("")
      else subscription.fail(error)
    }
  }

  #ask(subscription: ActiveSubscription): void {
    const payload = JSON.stringify(subscription.request)
    const sent = this.#connection?.request("subscribe", payload, (answer) => {
      // The program has left meanwhile, and the server heard that after this.
      if (subscription.hasEnded) return
      if (answer.type === "subscribed") subscription.begin(answer.payload)
      else this.#refused(subscription, failureOf(answer))
    })
    if (sent === false) this.#retryAfter(subscription, 0)
  }

  #answered(subscription: ActiveSubscription, { subscribed, error }: SubscribeResult): void {
    if (subscription.hasEnded) {
      if (subscribed !== undefined) this.#unsubscribe(subscription.channel)
    } else if (subscribed !== undefined) {
      subscription.begin(subscribed)
    } else {
      const { code = "internal", message = code, retryAfterMs = 0 } = error ?? {}
      this.#refused(subscription, new WeirError(code, message, { retryAfterMs }))
    }
  }

  #refused(subscription: ActiveSubscription, failure: WeirError): void {
    if (failure.retryable) {
      this.#retryAfter(subscription, failure.retryAfterMs)
    } else {
      this.#byChannel.delete(subscription.channel)
      subscription.fail(failure)
    }
  }

  #retryAfter(subscription: ActiveSubscription, askedMs: number): void {
    const waitMs =
      askedMs > 0 ? askedMs : backoffMs(subscription.refusals, this.#backoff, this.#random())
    subscription.refusals++
    const timer = setTimeout(() => {
      this.#retries.delete(subscription)
      if (!subscription.hasEnded) this.#ask(subscription)
    }, waitMs)
    this.#retries.set(subscription, timer)
  }

  #takenBack(
    subscription: ActiveSubscription,
    { channel, reason = "" }: ServerPayload<"unsubscribed">
  ): void {
    if (!subscription.isLive) return
    if (new WeirError(reason, "").retryable) {
      subscription.pause()
      this.#retryAfter(subscription, 0)
    } else {
      this.#byChannel.delete(channel)
      subscription.end(reason)
    }
  }

  #leave(subscription: ActiveSubscription): void {
    this.#byChannel.delete(subscription.channel)
    clearTimeout(this.#retries.get(subscription))
    this.#retries.delete(subscription)
    this.#unsubscribe(subscription.channel)
    subscription.end("")
  }

  #unsubscribe(channel: string): void {
    this.#connection?.request("unsubscribe", JSON.stringify({ channel }), () => {})
  }
}
