/**
 * ChannelEvents: a subscription to be read with `for await`.
 *
 * What comes while the body of the loop runs waits here. Of a reader that is too far behind
 * all that waits is let go of, and one gap says what that was: the newest is what a late
 * reader wants, and memory has a bound.
 */
import { WeirError } from "./Failure.ts"
import type { Gap } from "./Progress.ts"
import type { Publication } from "./Publication.ts"
import type { Signal } from "./Signal.ts"
import type { PresenceChange, Subscribed, SubscriptionHandlers } from "./Subscription.ts"

export type ChannelEvent =
  | { readonly type: "publication"; readonly publication: Publication }
  | { readonly type: "gap"; readonly gap: Gap }
  | { readonly type: "presence"; readonly change: PresenceChange }
  | { readonly type: "signal"; readonly signal: Signal }
  | { readonly type: "subscribed"; readonly subscribed: Subscribed }

interface Reader {
  readonly resolve: (result: IteratorResult<ChannelEvent, undefined>) => void
  readonly reject: (error: WeirError) => void
}

const MAX_WAITING = 1_024

/** One gap for all that these would have said of the log; undefined if that is nothing. */
const gapOver = (events: ReadonlyArray<ChannelEvent>): Gap | undefined => {
  let over: Gap | undefined
  for (const event of events) {
    if (event.type === "gap") {
      const { from, position } = event.gap
      const goesOn = over?.position.epoch === position.epoch
      over = over === undefined ? event.gap : { ...event.gap, from: goesOn ? over.from : from }
    } else if (event.type === "publication") {
      const { channel, position } = event.publication
      const { epoch, offset } = position
      const first = over === undefined || over.position.epoch !== epoch ? offset : over.from
      over = { channel, reason: over?.reason ?? "dropped", from: first, to: offset, position }
    }
  }
  return over
}

export class ChannelEvents implements AsyncIterableIterator<ChannelEvent, undefined> {
  readonly #channel: string
  readonly #leave: () => void
  #waiting: Array<ChannelEvent> = []
  #readers: Array<Reader> = []
  /** Nothing more will come: with an error, if that is not what the program asked for. */
  #ended: { readonly error: WeirError | undefined } | undefined

  /** `subscribe` is called once, and gives what ends the subscription. */
  constructor(channel: string, subscribe: (handlers: SubscriptionHandlers) => () => void) {
    this.#channel = channel
    this.#leave = subscribe({
      onPublication: (publication) => this.#push({ type: "publication", publication }),
      onGap: (gap) => this.#push({ type: "gap", gap }),
      onPresence: (change) => this.#push({ type: "presence", change }),
      onSignal: (signal) => this.#push({ type: "signal", signal }),
      onSubscribed: (subscribed) => this.#push({ type: "subscribed", subscribed }),
      onError: (error) => this.#end(error),
      onUnsubscribed: (reason) =>
        this.#end(reason === "" ? undefined : new WeirError(reason, `${channel} was unsubscribed`))
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  next(): Promise<IteratorResult<ChannelEvent, undefined>> {
    return new Promise((resolve, reject) => {
      const event = this.#waiting.shift()
      if (event !== undefined) resolve({ done: false, value: event })
      else if (this.#ended === undefined) this.#readers.push({ resolve, reject })
      else this.#close({ resolve, reject })
    })
  }

  /** Unsubscribes; a `break` out of the loop does the same. */
  async return(): Promise<IteratorResult<ChannelEvent, undefined>> {
    this.#waiting = []
    this.#leave()
    return { done: true, value: undefined }
  }

  /** The error is told to one reader; whoever reads on finds the end. */
  #close({ reject, resolve }: Reader): void {
    const error = this.#ended?.error
    this.#ended = { error: undefined }
    if (error === undefined) resolve({ done: true, value: undefined })
    else reject(error)
  }

  #push(event: ChannelEvent): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) return reader.resolve({ done: false, value: event })
    if (this.#waiting.length >= MAX_WAITING) this.#letGo()
    this.#waiting.push(event)
  }

  #letGo(): void {
    const lost = this.#waiting
    const gap = gapOver(lost)
    const channel = this.#channel
    this.#waiting = gap === undefined ? [] : [{ type: "gap", gap }]
    if (!lost.some(({ type }) => type === "presence")) return
    // Who came and went is not known any more: the roster is to be read again.
    const change = { channel, joined: [], left: [], reset: true }
    this.#waiting.push({ type: "presence", change })
  }

  #end(error: WeirError | undefined): void {
    this.#ended = { error }
    const readers = this.#readers
    this.#readers = []
    for (const reader of readers) this.#close(reader)
  }
}
