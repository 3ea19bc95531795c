/**
 * WeirClient: a program's line to Weir: what it subscribes to, asks for and publishes, over one
 * session. All of it outlives the single connection.
 */
import { BACKOFF } from "./Backoff.ts"
import { report } from "./Callback.ts"
import { Calls, type RpcOptions } from "./Calls.ts"
import { ChannelEvents } from "./ChannelEvents.ts"
import type { Connection } from "./Connection.ts"
import type { ServerPayload } from "./Envelope.ts"
import { WeirError } from "./Failure.ts"
import { type History, type HistoryOptions, historyOf } from "./History.ts"
import { jsonCodec } from "./JsonCodec.ts"
import { newMessageId } from "./MessageId.ts"
import type { Observable } from "./Observable.ts"
import { Pace } from "./Pace.ts"
import { type Presence, type PresenceOptions, presenceOf } from "./Presence.ts"
import { Publisher, type PublishOptions } from "./Publisher.ts"
import type { Published } from "./PublishLane.ts"
import { Requests } from "./Requests.ts"
import { type ConnectionState, Session, type SessionOptions } from "./Session.ts"
import { Signals } from "./Signals.ts"
import type { SubscribeOptions, Subscription, SubscriptionHandlers } from "./Subscription.ts"
import { Subscriptions } from "./Subscriptions.ts"
import type { Transport } from "./Transports.ts"

export interface WeirClientOptions extends SessionOptions {
  readonly onState?: ((state: ConnectionState) => unknown) | undefined
  /**
   * The token has a subscription to this channel that the program has not made. Call `subscribe`
   * for it here to join it; later, it goes on from where that began.
   */
  readonly onServerSubscription?: ((channel: string) => unknown) | undefined
}

const CLOSE_MS = 1_000

export class WeirClient {
  readonly #session: Session
  readonly #subscriptions: Subscriptions
  readonly #publisher: Publisher
  readonly #requests = new Requests()
  readonly #calls = new Calls()
  #pace: Pace | undefined
  #signals: Signals | undefined

  constructor(options: WeirClientOptions) {
    const { backoff = BACKOFF, codec = jsonCodec, random = Math.random } = options
    const { onServerSubscription = () => {}, onState } = options
    this.#subscriptions = new Subscriptions(backoff, random, onServerSubscription)
    this.#publisher = new Publisher(codec, backoff, random)
    this.#session = new Session(options, {
      offer: () => this.#subscriptions.offer(),
      onConnected: (connection, payload) => this.#connected(connection, payload),
      onDisconnected: () => this.#disconnected(),
      onPush: (envelope) => this.#subscriptions.push(envelope),
      onComplaint: (error) => this.#complaint(error),
      onClosed: (error, failure) => this.#closed(error, failure)
    })
    if (onState !== undefined) this.connectionState.subscribe(onState)
  }

  get state(): ConnectionState {
    return this.#session.state.value
  }

  /** The state, to be watched. */
  get connectionState(): Observable<ConnectionState> {
    return this.#session.state
  }

  /** The user as the server knows it, empty for an anonymous one; undefined until connected. */
  get user(): string | undefined {
    return this.#session.identity?.user
  }

  get session(): string | undefined {
    return this.#session.identity?.session
  }

  /** What the server can do beyond the first version; empty until connected. */
  get features(): ReadonlySet<string> {
    return this.#session.features
  }

  /** By which way it is connected, or tries to be. */
  get transport(): Transport {
    return this.#session.transport
  }

  /** Why the server closed this client for good. */
  get failure(): WeirError | undefined {
    return this.#session.failure
  }

  /** Starts, or tries at once while it waits. A closed client stays closed. */
  connect(): void {
    if (this.state === "closed") throw new WeirError("aborted", "this client is closed")
    this.#session.connect()
  }

  /** Resolves at the first connect; rejects if the client closes before. */
  ready(): Promise<void> {
    return this.#session.ready
  }

  close(): Promise<void> {
    return this.#session.close(CLOSE_MS)
  }

  /** Throws `already_subscribed` where this client has a subscription to the channel. */
  subscribe(
    channel: string,
    handlers: SubscriptionHandlers,
    options: SubscribeOptions = {}
  ): Subscription {
    this.#mustBeOpen()
    return this.#subscriptions.add(channel, handlers, options)
  }

  /** The same, to be read with `for await`; leaving the loop unsubscribes. */
  events(channel: string, options: SubscribeOptions = {}): ChannelEvents {
    return new ChannelEvents(channel, (handlers) => {
      const subscription = this.subscribe(channel, handlers, options)
      return () => subscription.unsubscribe()
    })
  }

  /** Resolves once accepted. Publications on one channel keep the order of the calls. */
  async publish(channel: string, data: unknown, options: PublishOptions = {}): Promise<Published> {
    this.#mustBeOpen()
    const { excludeSelf, messageId = newMessageId() } = options
    const published = this.#publisher.publish(channel, data, { ...options, messageId })
    if (excludeSelf === true) {
      this.#subscriptions.leaveOut(channel, this.user ?? "", messageId, published)
    }
    return published
  }

  /** Who is in the channel: a page of its roster, or only the counts. */
  async presence(channel: string, options: PresenceOptions = {}): Promise<Presence> {
    this.#mustBeOpen()
    return presenceOf(await this.#requests.ask("presence", { channel, ...options }))
  }

  /** A page of what the channel keeps. */
  async history(channel: string, options: HistoryOptions = {}): Promise<History> {
    this.#mustBeOpen()
    return historyOf(await this.#requests.ask("history", { channel, ...options }))
  }

  /** Asks the backend behind the server; sent at most once. Resolves with the answer's data. */
  async rpc(method: string, data: unknown = null, options: RpcOptions = {}): Promise<unknown> {
    this.#mustBeOpen()
    return this.#calls.rpc(method, data, options)
  }

  /** How many milliseconds it takes to the server and back. Rejects while not connected. */
  async ping(): Promise<number> {
    this.#mustBeOpen()
    return this.#calls.ping()
  }

  #connected(connection: Connection, payload: ServerPayload<"connected">): void {
    this.#pace = new Pace(connection, () => this.#resume())
    this.#signals = new Signals(connection)
    this.#subscriptions.connected(this.#pace, this.#signals, payload)
    // That calls the program, which may have closed the client.
    if (this.#session.connection !== connection) return
    this.#publisher.connected(this.#pace)
    this.#requests.connected(connection)
    this.#calls.connected(connection)
  }

  #resume(): void {
    this.#subscriptions.resume()
    this.#publisher.resume()
  }

  #complaint(error: WeirError): void {
    const { code, retryAfterMs } = error
    if (code === "payload_too_large") this.#publisher.rejectLargest(error)
    // Of what is sent without an id, only signals have a rate.
    else if (code === "too_many_requests") this.#signals?.pause(retryAfterMs)
    else report(error)
  }

  #disconnected(): void {
    this.#signals = undefined
    this.#pace?.stop()
    this.#subscriptions.disconnected()
    this.#publisher.disconnected()
    this.#requests.disconnected()
    this.#calls.disconnected()
  }

  #closed(error: WeirError, failure: WeirError | undefined): void {
    this.#subscriptions.close(failure)
    this.#publisher.fail(error)
    this.#requests.fail(error)
    this.#calls.fail(error)
  }

  #mustBeOpen(): void {
    if (this.state !== "closed") return
    throw this.failure ?? new WeirError("aborted", "this client is closed", { retryable: false })
  }
}
