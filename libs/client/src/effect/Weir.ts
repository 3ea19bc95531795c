/**
 * Weir: the client as a service of Effect: connected while its scope is open.
 *
 * What it does is what `WeirClient` does; here its calls are Effects, what a channel brings is
 * a Stream, and every refusal is a `WeirFailure` in their types.
 */
import { Context, Effect, Layer, Queue, Result, type Scope, Stream } from "effect"
import type { RpcOptions } from "../Calls.ts"
import { type ChannelEvent, ChannelEvents } from "../ChannelEvents.ts"
import type { History, HistoryOptions } from "../History.ts"
import type { Presence, PresenceOptions } from "../Presence.ts"
import type { Publication } from "../Publication.ts"
import type { PublishOptions } from "../Publisher.ts"
import type { Published } from "../PublishLane.ts"
import type { ConnectionState } from "../Session.ts"
import type { SignalOptions } from "../Signal.ts"
import type { SubscribeOptions, Subscription } from "../Subscription.ts"
import { WeirClient, type WeirClientOptions } from "../WeirClient.ts"
import { asWeirFailure, type WeirFailure } from "./WeirFailure.ts"

export interface WeirShape {
  /** For what has no word here. Its scope closes it. */
  readonly client: WeirClient
  /** Waits for the first connect. */
  readonly ready: Effect.Effect<void, WeirFailure>
  /** The present state and each that follows, to the last: closed. */
  readonly connectionState: Stream.Stream<ConnectionState>
  /**
   * What a channel brings, from when the stream runs until it is left; one at a time for each
   * channel. It fails with what the server refuses for good. Of 1,024 events that wait for a
   * slow reader all are let go of, and one gap says so.
   */
  readonly subscribe: (
    channel: string,
    options?: SubscribeOptions
  ) => Stream.Stream<ChannelEvent, WeirFailure>
  /** The publications alone. A gap is logged as a warning: where it matters, use `subscribe`. */
  readonly publications: (
    channel: string,
    options?: SubscribeOptions
  ) => Stream.Stream<Publication, WeirFailure>
  /** Done once accepted; an interruption does not take it back. */
  readonly publish: (
    channel: string,
    data: unknown,
    options?: PublishOptions
  ) => Effect.Effect<Published, WeirFailure>
  /** False: it was left out, since no stream has the channel at the moment, or for its rate. */
  readonly signal: (
    channel: string,
    data: unknown,
    options?: SignalOptions
  ) => Effect.Effect<boolean, WeirFailure>
  /** Sent at most once; an interruption gives up the answer. */
  readonly rpc: (
    method: string,
    data?: unknown,
    options?: Omit<RpcOptions, "signal">
  ) => Effect.Effect<unknown, WeirFailure>
  /** Milliseconds to the server and back. */
  readonly ping: Effect.Effect<number, WeirFailure>
  readonly history: (
    channel: string,
    options?: HistoryOptions
  ) => Effect.Effect<History, WeirFailure>
  readonly presence: (
    channel: string,
    options?: PresenceOptions
  ) => Effect.Effect<Presence, WeirFailure>
}

export class Weir extends Context.Service<Weir, WeirShape>()("@weir/client/Weir") {
  static readonly layer = (options: WeirClientOptions): Layer.Layer<Weir> =>
    Layer.effect(Weir, make(options))
}

/** Connects, and closes when the scope does. */
export const make = (options: WeirClientOptions): Effect.Effect<WeirShape, never, Scope.Scope> =>
  Effect.map(Effect.acquireRelease(open(options), close), shapeOf)

const open = (options: WeirClientOptions): Effect.Effect<WeirClient> =>
  Effect.sync(() => {
    const client = new WeirClient(options)
    client.connect()
    return client
  })

const close = (client: WeirClient): Effect.Effect<void> => Effect.promise(() => client.close())

const asked = <A>(ask: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, WeirFailure> =>
  Effect.tryPromise({ try: ask, catch: asWeirFailure })

const shapeOf = (client: WeirClient): WeirShape => {
  const subscriptions = new Map<string, Subscription>()

  const events = (channel: string, options: SubscribeOptions | undefined) =>
    new ChannelEvents(channel, (handlers) => {
      const subscription = client.subscribe(channel, handlers, options)
      subscriptions.set(channel, subscription)
      return () => {
        if (subscriptions.get(channel) === subscription) subscriptions.delete(channel)
        subscription.unsubscribe()
      }
    })

  const subscribe: WeirShape["subscribe"] = (channel, options) => {
    // Left also if it is interrupted before the stream has begun to read.
    const begin = Effect.try({ try: () => events(channel, options), catch: asWeirFailure })
    const end = (it: ChannelEvents) => Effect.promise(() => it.return())
    const stream = (it: ChannelEvents) => Stream.fromAsyncIterable(it, asWeirFailure)
    return Stream.unwrap(Effect.map(Effect.acquireRelease(begin, end), stream))
  }

  return {
    client,
    ready: asked(() => client.ready()),
    connectionState: statesOf(client),
    subscribe,
    publications: (channel, options) => publicationsOf(subscribe(channel, options)),
    publish: (channel, data, options) => asked(() => client.publish(channel, data, options)),
    signal: (channel, data, options) =>
      Effect.try({
        try: () => subscriptions.get(channel)?.signal(data, options) ?? false,
        catch: asWeirFailure
      }),
    rpc: (method, data, options) =>
      asked((signal) => client.rpc(method, data, { ...options, signal })),
    ping: asked(() => client.ping()),
    history: (channel, options) => asked(() => client.history(channel, options)),
    presence: (channel, options) => asked(() => client.presence(channel, options))
  }
}

const publicationsOf = <E>(events: Stream.Stream<ChannelEvent, E>): Stream.Stream<Publication, E> =>
  events.pipe(
    Stream.tap((event) =>
      event.type === "gap"
        ? Effect.logWarning("publications will not come", event.gap)
        : Effect.void
    ),
    Stream.filterMap((event) =>
      event.type === "publication" ? Result.succeed(event.publication) : Result.failVoid
    )
  )

// A reader that is late sees the newest ones.
const STATES = { bufferSize: 16, strategy: "sliding" } as const

const statesOf = (client: WeirClient): Stream.Stream<ConnectionState> =>
  Stream.callback<ConnectionState>((queue) => {
    const watch = () => {
      const tell = (state: ConnectionState) => Queue.offerUnsafe(queue, state)
      tell(client.state)
      return client.connectionState.subscribe(tell)
    }
    return Effect.acquireRelease(Effect.sync(watch), (unwatch) => Effect.sync(unwatch))
  }, STATES).pipe(Stream.takeUntil((state) => state === "closed"))
