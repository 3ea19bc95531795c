/**
 * ActiveSubscription: one subscription over the life of many connections.
 *
 * It knows what to ask of the server and what to pass to the program; sending is
 * left to `Subscriptions`. Between a cut and the next `subscribed` it is not
 * live and ignores the channel, because what comes then was meant for a
 * predecessor of the same name.
 */
import { callBack } from "./Callback.ts"
import { bytesOf, encodeData } from "./Data.ts"
import type {
  GapPayload,
  Position,
  PublicationPayload,
  ServerPayload,
  SubscribedPayload,
  SubscribePayload
} from "./Envelope.ts"
import { WeirError } from "./Failure.ts"
import { Progress } from "./Progress.ts"
import { memberOf, publicationOf } from "./Publication.ts"
import type { Published } from "./PublishLane.ts"
import { type SignalOptions, signalOf } from "./Signal.ts"
import {
  type Subscribed,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandlers,
  subscribedOf
} from "./Subscription.ts"

// The protocol's. A refusal names no signal, and so could not say whose it is.
const MAX_SIGNAL_BYTES = 1024

/** What the client does for it. */
export interface Means {
  readonly leave: (self: ActiveSubscription) => void
  /** False: there is no connection, or the server's rate is reached. */
  readonly signal: (payload: object) => boolean
}

interface Waiter {
  readonly resolve: (subscribed: Subscribed) => void
  readonly reject: (error: WeirError) => void
}

export class ActiveSubscription implements Subscription {
  readonly channel: string
  /** How often in a row the server has said "not now". */
  refusals = 0
  readonly #handlers: SubscriptionHandlers
  readonly #ask: Omit<SubscribePayload, "since">
  readonly #progress: Progress
  readonly #means: Means
  #live: Subscribed | undefined
  #ended: WeirError | undefined
  #waiters: Array<Waiter> = []

  constructor(
    channel: string,
    handlers: SubscriptionHandlers,
    options: SubscribeOptions,
    means: Means
  ) {
    this.channel = channel
    this.#handlers = handlers
    this.#means = means
    this.#progress = new Progress(channel, options.since)
    this.#ask = {
      channel,
      ...(options.rewind === undefined ? {} : { rewind: options.rewind }),
      ...(options.member === undefined ? {} : { member: encodeData(options.member) }),
      ...(options.presence === true ? { presence: true } : {}),
      ...(options.maxRateMs === undefined ? {} : { maxRateMs: options.maxRateMs })
    }
  }

  get position(): Position | undefined {
    return this.#progress.position
  }

  get isLive(): boolean {
    return this.#live !== undefined
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  /** What to ask now: from where we are, or the program's rewind the first time. */
  get request(): SubscribePayload {
    const since = this.position
    if (since === undefined) return this.#ask
    const { rewind: _, ...ask } = this.#ask
    return { ...ask, since }
  }

  subscribed(): Promise<Subscribed> {
    const promise = new Promise<Subscribed>((resolve, reject) => {
      if (this.#ended !== undefined) reject(this.#ended)
      else if (this.#live !== undefined) resolve(this.#live)
      else this.#waiters.push({ resolve, reject })
    })
    // The handlers hear of a refusal too, so nobody is forced to catch it here.
    promise.catch(() => {})
    return promise
  }

  unsubscribe(): void {
    if (this.#ended === undefined) this.#means.leave(this)
  }

  signal(data: unknown, { contentType }: SignalOptions = {}): boolean {
    const encoded = encodeData(data, contentType)
    const bytes = bytesOf(encoded).length
    if (bytes > MAX_SIGNAL_BYTES) {
      throw new WeirError("payload_too_large", `signal: ${bytes} bytes, limit ${MAX_SIGNAL_BYTES}`)
    }
    return this.isLive && this.#means.signal({ channel: this.channel, ...encoded })
  }

  /** A publication of ours is not to come back to us. */
  leaveOut(user: string, messageId: string, published: Promise<Published>): void {
    this.#progress.leaveOut(user, messageId, performance.now())
    published.then(
      ({ position }) => this.#progress.leftOut(messageId, position),
      () => this.#progress.leftOut(messageId)
    )
  }

  begin(payload: SubscribedPayload): void {
    const subscribed = subscribedOf(payload)
    const gap = this.#progress.begin(payload)
    this.#live = subscribed
    this.refusals = 0
    for (const { resolve } of this.#settle()) resolve(subscribed)
    callBack(() => this.#handlers.onSubscribed?.(subscribed))
    if (gap !== undefined && this.isLive) callBack(() => this.#handlers.onGap?.(gap))
  }

  /** The connection is gone. */
  pause(): void {
    this.#live = undefined
  }

  publication(payload: PublicationPayload, now: number): void {
    if (!this.isLive) return
    const { deliver, gap } = this.#progress.take(payload, now)
    if (gap !== undefined) callBack(() => this.#handlers.onGap?.(gap))
    if (deliver && this.isLive) {
      const publication = publicationOf(payload, this.channel)
      callBack(() => this.#handlers.onPublication(publication))
    }
  }

  gap(payload: GapPayload): void {
    if (!this.isLive) return
    const gap = this.#progress.skip(payload)
    callBack(() => this.#handlers.onGap?.(gap))
  }

  signalled(payload: ServerPayload<"signal">): void {
    if (this.isLive) callBack(() => this.#handlers.onSignal?.(signalOf(payload)))
  }

  presenceChange({ joined = [], left = [], reset = false }: ServerPayload<"presenceChange">): void {
    if (!this.isLive) return
    const change = {
      channel: this.channel,
      joined: joined.map(memberOf),
      left: left.map(({ id, user = "" }) => ({ id, user })),
      reset
    }
    callBack(() => this.#handlers.onPresence?.(change))
  }

  /** The program has had enough of it, or the server took it back with `reason`. */
  end(reason: string): void {
    const error = new WeirError(reason || "aborted", `${this.channel} was unsubscribed`, {
      retryable: false
    })
    if (this.#stop(error)) callBack(() => this.#handlers.onUnsubscribed?.(reason))
  }

  /** The server refused the subscription, or the whole client, for good. */
  fail(error: WeirError): void {
    if (this.#stop(error)) callBack(() => this.#handlers.onError?.(error))
  }

  #stop(error: WeirError): boolean {
    if (this.#ended !== undefined) return false
    this.#ended = error
    this.#live = undefined
    for (const { reject } of this.#settle()) reject(error)
    return true
  }

  #settle(): ReadonlyArray<Waiter> {
    const waiters = this.#waiters
    this.#waiters = []
    return waiters
  }
}
