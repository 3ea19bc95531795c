/**
 * Session: a client's continuity over connections: one follows upon the other, over cuts, drains
 * and failovers, until the program closes it or the server will not have it back.
 *
 * One state machine: idle → connecting → connected, and from any end either waiting → connecting
 * again or, when the server says so, closed for good. What travels over it outlives the single
 * connection, and is no matter of the session: its handlers are told.
 */
import { BACKOFF, type Backoff } from "./Backoff.ts"
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
import type { ConnectPayload, ServerEnvelope, ServerPayload, SubscribePayload } from "./Envelope.ts"
import { asWeirError, WeirError } from "./Failure.ts"
import { answersRequests, httpSocket } from "./HttpSocket.ts"
import { jsonCodec } from "./JsonCodec.ts"
import { type Observable, Observed } from "./Observable.ts"
import { socketUrl } from "./SocketUrl.ts"
import { ALL_TRANSPORTS, type Transport, Transports } from "./Transports.ts"

export type ConnectionState = "idle" | "connecting" | "connected" | "waiting" | "closed"

export interface SessionOptions {
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
}

export interface SessionHandlers {
  /** The subscriptions that the next `connect` carries. */
  offer(): ReadonlyArray<SubscribePayload>
  /** Until `onDisconnected`, `connection` carries what is to be sent. */
  onConnected(connection: Connection, payload: ServerPayload<"connected">): void
  onDisconnected(): void
  /** A frame that answers no request, and is no matter of the session itself. */
  onPush(envelope: ServerEnvelope): void
  /** An error that names no request: the server could not read one of our frames. */
  onComplaint(error: WeirError): void
  /** Nothing follows. `failure`, if that was the server's wish; `error` is for what waits. */
  onClosed(error: WeirError, failure: WeirError | undefined): void
}

const CLIMB_MS = 60_000

export class Session {
  readonly #options: SessionOptions
  readonly #handlers: SessionHandlers
  readonly #codec: Codec
  readonly #comeback: Comeback
  readonly #credentials: Credentials
  readonly #transports: Transports
  readonly #state = new Observed<ConnectionState>("idle")
  readonly #ready = deferred<void>()
  #failure: WeirError | undefined
  #connection: Connection | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #identity: { readonly user: string; readonly session: string } | undefined
  #features: ReadonlySet<string> = new Set()

  constructor(options: SessionOptions, handlers: SessionHandlers) {
    this.#options = options
    this.#handlers = handlers
    const { backoff = BACKOFF, codec = jsonCodec, random = Math.random } = options
    this.#codec = codec
    this.#comeback = new Comeback(backoff, random)
    this.#credentials = new Credentials(options.token)
    const falls = codec === jsonCodec && options.webSocket === undefined
    const { climbMs = CLIMB_MS, transports = falls ? ALL_TRANSPORTS : ["websocket"] } = options
    this.#transports = new Transports(transports, climbMs, () =>
      answersRequests(socketUrl(options.url), options.fetch)
    )
    // Nobody is forced to wait for `ready`; the state and `failure` tell as well.
    this.#ready.promise.catch(() => {})
  }

  get state(): Observable<ConnectionState> {
    return this.#state
  }

  /** The live one. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  /** Resolves at the first connect; rejects if the session closes before. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** As the server knows them; undefined until connected. */
  get identity(): { readonly user: string; readonly session: string } | undefined {
    return this.#identity
  }

  get features(): ReadonlySet<string> {
    return this.#features
  }

  get transport(): Transport {
    return this.#transports.current
  }

  /** Why the server closed it for good. */
  get failure(): WeirError | undefined {
    return this.#failure
  }

  /** Starts, or tries at once while it waits. */
  connect(): void {
    const { value } = this.#state
    if (value === "idle" || value === "waiting") void this.#open()
  }

  async close(waitMs: number): Promise<void> {
    const connection = this.#connection
    this.#shut(undefined)
    await connection?.close(waitMs)
  }

  async #open(): Promise<void> {
    clearTimeout(this.#retry)
    this.#state.set("connecting")
    try {
      const credential = await this.#credentials.next()
      if (this.#state.value !== "connecting") return
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
      if (this.#state.value !== "connecting") return
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
    const subscriptions = this.#handlers.offer()
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
    // Who watches the state may have closed it.
    if (this.#connection === connection) this.#handlers.onConnected(connection, payload)
  }

  #push(envelope: ServerEnvelope): void {
    switch (envelope.type) {
      case "goaway":
        return this.#goaway(envelope.payload)
      case "expiring":
        void this.#refresh()
        return
      case "error":
        return this.#handlers.onComplaint(failureOf(envelope))
      default:
        this.#handlers.onPush(envelope)
    }
  }

  /** It leaves by itself, at the moment at which it would come back, and has to wait for nothing. */
  #goaway({ afterMs, code }: ServerPayload<"goaway">): void {
    const connection = this.#connection
    if (!mayReturn(code)) return
    const { min = 0, max = min } = afterMs ?? {}
    this.#comeback.goaway({ min, max }, performance.now(), () => connection?.drop("goaway"))
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
      const message = "a frame above the server's limit"
      this.#handlers.onComplaint(new WeirError("payload_too_large", message))
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
    this.#handlers.onDisconnected()
  }

  #wait(hint: Spread | undefined, retryAfterMs: number): void {
    const waitMs = this.#comeback.nextMs(hint, retryAfterMs, performance.now())
    if (waitMs === 0) return void this.#open()
    this.#retry = setTimeout(() => void this.#open(), waitMs)
    this.#state.set("waiting")
  }

  /** Ends everything; `failure` if that was the server's wish. */
  #shut(failure: WeirError | undefined): void {
    if (this.#state.value === "closed") return
    clearTimeout(this.#retry)
    this.#transports.stop()
    this.#failure = failure
    this.#letGo()
    const error =
      failure ?? new WeirError("aborted", "this client was closed", { retryable: false })
    this.#state.set("closed")
    this.#ready.reject(error)
    this.#handlers.onClosed(error, failure)
  }
}
