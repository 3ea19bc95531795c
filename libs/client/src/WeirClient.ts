/**
 * WeirClient: a program's line to Weir, kept up over cuts, drains and failovers.
 *
 * One state machine: idle → connecting → connected, and from any end either
 * waiting → connecting again or, when the server says so, closed for good. What
 * is subscribed, asked and published outlives the single connection.
 */
import type { Backoff } from "./Backoff.ts"
import { report } from "./Callback.ts"
import { Calls, type RpcOptions } from "./Calls.ts"
import { ChannelEvents } from "./ChannelEvents.ts"
import type { Codec } from "./Codec.ts"
import { Comeback } from "./Comeback.ts"
import { Connection, failureOf, type SocketConstructor } from "./Connection.ts"
import { type Credential, Credentials, type TokenSource } from "./Credentials.ts"
import { deferred } from "./Deferred.ts"
import {
  BLOCKED,
  CUT,
  type Ending,
  finalFailure,
  hintOf,
  INVALID_TOKEN,
  mayReturn,
  type Spread,
  TOO_BIG
} from "./Ending.ts"
import type { ConnectPayload, ServerEnvelope, ServerPayload } from "./Envelope.ts"
import { asWeirError, WeirError } from "./Failure.ts"
import { type History, type HistoryOptions, historyOf } from "./History.ts"
import { answersRequests, httpSocket } from "./HttpSocket.ts"
import { jsonCodec } from "./JsonCodec.ts"
import { newMessageId } from "./MessageId.ts"
import { type Observable, Observed } from "./Observable.ts"
import { Pace } from "./Pace.ts"
import { type Presence, type PresenceOptions, presenceOf } from "./Presence.ts"
import { Publisher, type PublishOptions } from "./Publisher.ts"
import type { Published } from "./PublishLane.ts"
import { Requests } from "./Requests.ts"
import { Signals } from "./Signals.ts"
import { socketUrl } from "./SocketUrl.ts"
import type { SubscribeOptions, Subscription, SubscriptionHandlers } from "./Subscription.ts"
import { Subscriptions } from "./Subscriptions.ts"
import { ALL_TRANSPORTS, type Transport, Transports } from "./Transports.ts"

export type ConnectionState = "idle" | "connecting" | "connected" | "waiting" | "closed"

export interface WeirClientOptions {
  /** `ws(s)://` or `http(s)://`; in a browser a path of this page's host, too. */
  readonly url: string
  /** A JWT, or what fetches a fresh one whenever it is needed. */
  readonly token: TokenSource
  /** The program's name and version, for Weir's logs; at most 64 bytes. */
  readonly name?: string | undefined
  /** JSON when absent; `protobufCodec` is in an entry of its own. */
  readonly codec?: Codec | undefined
  /** For environments without a global WebSocket. */
  readonly webSocket?: SocketConstructor | undefined
  /** What requests are made with, where no WebSocket passes. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * The ways to connect, the first that works. All of them where nothing else is given here, but
   * only WebSocket carries another codec than JSON.
   */
  readonly transports?: ReadonlyArray<Transport> | undefined
  /** How often to look whether WebSocket works again where it did not: 60 s. */
  readonly climbMs?: number | undefined
  /** The bounds of the first and of the longest wait before a reconnect. */
  readonly backoff?: Backoff | undefined
  /** A number in [0, 1), for the waits. */
  readonly random?: (() => number) | undefined
  readonly onState?: ((state: ConnectionState) => unknown) | undefined
  /**
   * The token has a subscription to this channel that the program has not made. Call `subscribe`
   * for it here to join it; later, it goes on from where that began.
   */
  readonly onServerSubscription?: ((channel: string) => unknown) | undefined
}

const BACKOFF: Backoff = { minMs: 500, maxMs: 20_000 }
const CLOSE_MS = 1_000
const CLIMB_MS = 60_000

export class WeirClient {
  readonly #options: WeirClientOptions
  readonly #codec: Codec
  readonly #comeback: Comeback
  readonly #credentials: Credentials
  readonly #transports: Transports
  readonly #subscriptions: Subscriptions
  readonly #publisher: Publisher
  readonly #requests = new Requests()
  readonly #calls = new Calls()
  readonly #ready = deferred<void>()
  readonly #state = new Observed<ConnectionState>("idle")
  #failure: WeirError | undefined
  #connection: Connection | undefined
  #pace: Pace | undefined
  #signals: Signals | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #identity: { readonly user: string; readonly session: string } | undefined
  #features: ReadonlySet<string> = new Set()

  constructor(options: WeirClientOptions) {
    this.#options = options
    this.#codec = options.codec ?? jsonCodec
    const { backoff = BACKOFF, random = Math.random } = options
    this.#comeback = new Comeback(backoff, random)
    this.#credentials = new Credentials(options.token)
    const falls = this.#codec === jsonCodec && options.webSocket === undefined
    const { climbMs = CLIMB_MS, transports = falls ? ALL_TRANSPORTS : ["websocket"] } = options
    this.#transports = new Transports(transports, climbMs, () =>
      answersRequests(socketUrl(options.url), options.fetch)
    )
    const { onServerSubscription = () => {} } = options
    this.#subscriptions = new Subscriptions(backoff, random, onServerSubscription)
    this.#publisher = new Publisher(this.#codec, backoff, random)
    if (options.onState !== undefined) this.#state.subscribe(options.onState)
    // Nobody is forced to wait for `ready`; `onState` and `failure` tell as well.
    this.#ready.promise.catch(() => {})
  }

  get state(): ConnectionState {
    return this.#state.value
  }

  /** The state, to be watched. */
  get connectionState(): Observable<ConnectionState> {
    return this.#state
  }

  /** The user as the server knows it, empty for an anonymous one; undefined until connected. */
  get user(): string | undefined {
    return this.#identity?.user
  }

  get session(): string | undefined {
    return this.#identity?.session
  }

  /** What the server can do beyond the first version; empty until connected. */
  get features(): ReadonlySet<string> {
    return this.#features
  }

  /** By which way it is connected, or tries to be. */
  get transport(): Transport {
    return this.#transports.current
  }

  /** Why the server closed this client for good. */
  get failure(): WeirError | undefined {
    return this.#failure
  }

  /** Starts, or tries at once while it waits. A closed client stays closed. */
  connect(): void {
    if (this.state === "closed") throw new WeirError("aborted", "this client is closed")
    if (this.state === "idle" || this.state === "waiting") void this.#open()
  }

  /** Resolves at the first connect; rejects if the client closes before. */
  ready(): Promise<void> {
    return this.#ready.promise
  }

  async close(): Promise<void> {
    const connection = this.#connection
    this.#shut(undefined)
    await connection?.close(CLOSE_MS)
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

  async #open(): Promise<void> {
    clearTimeout(this.#retry)
    this.#state.set("connecting")
    try {
      const credential = await this.#credentials.next()
      if (this.state !== "connecting") return
      const Socket = this.#socketOf(this.#transports.open())
      const url = socketUrl(this.#options.url)
      const hello = () => this.#hello(credential)
      this.#connection = new Connection(Socket, url, this.#codec, hello, {
        onConnected: (payload, ts) => this.#connected(payload, ts),
        onPush: (envelope) => this.#push(envelope),
        onEnd: (ending, failure) => this.#disconnected(ending, failure)
      })
    } catch (error) {
      // A token endpoint that is down comes back; a bad URL does not.
      const failure = asWeirError(error, "unavailable")
      if (this.state !== "connecting") return
      if (failure.retryable) this.#wait(undefined, failure.retryAfterMs)
      else this.#shut(failure)
    }
  }

  #socketOf(transport: Transport): SocketConstructor {
    const { fetch, webSocket } = this.#options
    if (transport === "websocket") return webSocket ?? globalThis.WebSocket
    return httpSocket(transport === "sse" ? "events" : "poll", fetch)
  }

  #hello(credential: Credential): ConnectPayload {
    const client = this.#options.name ?? "weir-js/0.1.0"
    const subscriptions = this.#subscriptions.offer()
    return { ...credential, versions: ["1"], client, batch: true, subscriptions }
  }

  #connected(payload: ServerPayload<"connected">, ts: number): void {
    const connection = this.#connection!
    this.#comeback.connected(performance.now())
    const WebSocket = this.#socketOf("websocket")
    const probe = () => new WebSocket(socketUrl(this.#options.url), this.#codec.protocol)
    this.#transports.connected(probe, () => connection.drop("WebSocket works again"))
    this.#identity = { user: payload.user ?? "", session: payload.session }
    this.#features = new Set(payload.features)
    this.#credentials.keep(payload.ticket, payload.expiresAt, ts)
    this.#state.set("connected")
    this.#ready.resolve()
    // Each step calls the program, which may close the client in between.
    if (this.#connection !== connection) return
    this.#pace = new Pace(connection, () => this.#resume())
    this.#signals = new Signals(connection)
    this.#subscriptions.connected(this.#pace, this.#signals, payload)
    if (this.#connection !== connection) return
    this.#publisher.connected(this.#pace)
    this.#requests.connected(connection)
    this.#calls.connected(connection)
  }

  #resume(): void {
    this.#subscriptions.resume()
    this.#publisher.resume()
  }

  #push(envelope: ServerEnvelope): void {
    switch (envelope.type) {
      case "goaway":
        return this.#goaway(envelope.payload)
      case "expiring":
        void this.#refresh()
        return
      case "error":
        this.#complaint(failureOf(envelope))
        return
      default:
        this.#subscriptions.push(envelope)
    }
  }

  /** It leaves by itself, at the moment at which it would come back, and has to wait for nothing. */
  #goaway({ afterMs, code }: ServerPayload<"goaway">): void {
    const connection = this.#connection
    if (!mayReturn(code)) return
    const { min = 0, max = min } = afterMs ?? {}
    this.#comeback.goaway({ min, max }, performance.now(), () => connection?.drop("goaway"))
  }

  /** An error that names no request: the server could not read one of our frames. */
  #complaint(error: WeirError): void {
    const { code, retryAfterMs } = error
    if (code === "payload_too_large") this.#publisher.rejectLargest(error)
    // Of what is sent without an id, only signals have a rate.
    else if (code === "too_many_requests") this.#signals?.pause(retryAfterMs)
    else report(error)
  }

  // Without a new token in time the server closes with 3005, and the reconnect asks
  // for a token anyway: so a failure here needs no answer.
  async #refresh(): Promise<void> {
    const connection = this.#connection
    if (!this.#credentials.isRenewable) return
    const token = await this.#credentials.token().catch(() => undefined)
    if (token === undefined || this.#connection !== connection) return
    connection?.request("refresh", { token }, ({ type, payload, ts }) => {
      if (type !== "refreshed") return
      this.#credentials.keep(payload.ticket, payload.expiresAt, ts ?? Date.now())
    })
  }

  #disconnected(ending: Ending, failure: WeirError | undefined): void {
    if (ending.code === TOO_BIG) {
      this.#complaint(new WeirError("payload_too_large", "a frame above the server's limit"))
    }
    const isCut = failure === undefined && ending.code === CUT
    this.#transports.ended(!isCut ? "told" : ending.reason === BLOCKED ? "blocked" : "cut")
    this.#letGo()
    const refused = failure?.code === "unauthenticated"
    const cause = refused ? { code: INVALID_TOKEN, reason: "invalid_token" } : ending
    if (this.#credentials.hasAnother(cause)) {
      void this.#open()
    } else if (failure !== undefined && !failure.retryable) {
      this.#shut(failure)
    } else if (mayReturn(cause.code)) {
      this.#wait(hintOf(ending.reason), failure?.retryAfterMs ?? 0)
    } else {
      this.#shut(finalFailure(ending))
    }
  }

  #letGo(): void {
    this.#comeback.disconnected(performance.now())
    this.#connection = undefined
    this.#signals = undefined
    this.#pace?.stop()
    this.#subscriptions.disconnected()
    this.#publisher.disconnected()
    this.#requests.disconnected()
    this.#calls.disconnected()
  }

  #wait(hint: Spread | undefined, retryAfterMs: number): void {
    const waitMs = this.#comeback.nextMs(hint, retryAfterMs, performance.now())
    if (waitMs === 0) return void this.#open()
    this.#retry = setTimeout(() => void this.#open(), waitMs)
    this.#state.set("waiting")
  }

  /** Ends everything; `failure` if that was the server's wish. */
  #shut(failure: WeirError | undefined): void {
    if (this.state === "closed") return
    clearTimeout(this.#retry)
    this.#transports.stop()
    this.#failure = failure
    this.#letGo()
    const error =
      failure ?? new WeirError("aborted", "this client was closed", { retryable: false })
    this.#state.set("closed")
    this.#ready.reject(error)
    this.#subscriptions.close(failure)
    this.#publisher.fail(error)
    this.#requests.fail(error)
    this.#calls.fail(error)
  }

  #mustBeOpen(): void {
    if (this.state !== "closed") return
    throw this.#failure ?? new WeirError("aborted", "this client is closed", { retryable: false })
  }
}
