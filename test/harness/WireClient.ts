/**
 * WireClient: a client made of a bare `WebSocket`, or of what stands in for it, and a codec, and
 * of nothing of Weir's.
 *
 * Keeps what arrives, whole messages and single frames, until a test takes it.
 * Nothing is answered for the test, not even a ping. It waits for events and never
 * polls: the fuzzer has thousands of them.
 */
import { once } from "node:events"

/** Whatever the wire brings: tests assert it before they rely on it. */
// biome-ignore lint/suspicious/noExplicitAny: there is no type for what a server might send
export type Payload = any

export interface Frame {
  readonly type: string
  readonly id?: number
  readonly ts?: number
  readonly payload: Payload
}

export type Message = string | Uint8Array<ArrayBuffer>

/** The part of a `WebSocket` that is used here. */
export type SocketLike = EventTarget &
  Pick<WebSocket, "binaryType" | "close" | "readyState" | "send">

export interface Codec {
  /** The subprotocol to ask for. */
  readonly protocol: string | undefined
  /** If it is not a WebSocket that carries it. */
  readonly open?: (http: string) => SocketLike
  readonly encode: (frames: ReadonlyArray<object>) => Message
  readonly decode: (message: Message) => ReadonlyArray<Frame>
  /** A JSON value as the `data` of a request. */
  readonly jsonData: (value: unknown) => unknown
  /** What a frame's `data` says, if it is JSON. */
  readonly jsonValue: (payload: Payload) => unknown
}

export interface Close {
  readonly code: number
  readonly reason: string
}

// For what is stuck, not for what is slow: the machine may stand still for seconds.
const limitMs = 30_000

export class WireClient {
  /** Every message that came, as it came. */
  readonly messages: Array<Message> = []
  /** Frames that nobody has taken yet. */
  readonly inbox: Array<Frame> = []
  readonly codec: Codec
  readonly #socket: SocketLike
  /** Told after every event of the socket. */
  readonly #news = new EventTarget()
  #close: Close | undefined
  #lastId = 0

  private constructor(socket: SocketLike, codec: Codec) {
    this.codec = codec
    this.#socket = socket
    const tell = () => void this.#news.dispatchEvent(new Event("news"))
    socket.binaryType = "arraybuffer"
    socket.addEventListener("open", tell)
    socket.addEventListener("message", (event) => {
      const { data } = event as MessageEvent
      const message: Message = typeof data === "string" ? data : new Uint8Array(data)
      this.messages.push(message)
      this.inbox.push(...codec.decode(message))
      tell()
    })
    socket.addEventListener("close", (event) => {
      const { code, reason } = event as CloseEvent
      this.#close = { code, reason }
      tell()
    })
  }

  /** Opened, and nothing said yet. */
  static async open(http: string, codec: Codec): Promise<WireClient> {
    const socket = codec.open?.(http) ?? new WebSocket(`ws://${http}/v1/ws`, codec.protocol ?? [])
    const client = new WireClient(socket, codec)
    await client.#until("is open", () => socket.readyState !== WebSocket.CONNECTING, limitMs)
    if (!client.isOpen) throw new Error("the handshake was refused")
    return client
  }

  /** What `check` finds, now or after an event; says what it has if that can never come. */
  async #until<A>(what: string, check: () => A | undefined | false, waitMs: number): Promise<A> {
    const signal = AbortSignal.timeout(waitMs)
    const never = (why: string) =>
      new Error(`${why}, and never a client that ${what}: ${JSON.stringify(this.inbox)}`)
    for (;;) {
      const found = check()
      if (found !== undefined && found !== false) return found
      if (this.#close !== undefined) throw never(`closed with ${JSON.stringify(this.#close)}`)
      await once(this.#news, "news", { signal }).catch(() => {
        throw never(`${waitMs} ms`)
      })
    }
  }

  /** Opened and connected; `connect` goes into the payload. */
  static async connect(http: string, codec: Codec, connect: object): Promise<WireClient> {
    const client = await WireClient.open(http, codec)
    client.send("connect", { versions: ["1"], ...connect })
    await client.take("connected")
    return client
  }

  sendRaw(message: Message): void {
    this.#socket.send(message)
  }

  /** All in one message of the transport. */
  sendAll(frames: ReadonlyArray<object>): void {
    this.sendRaw(this.codec.encode(frames))
  }

  /** The id of the request is new unless it is given. */
  send(type: string, payload: object, id = this.nextId()): number {
    this.sendRaw(this.codec.encode([{ type, id, payload }]))
    return id
  }

  nextId(): number {
    return ++this.#lastId
  }

  /** The oldest frame of this type (and id) that nobody took; waits for it if need be. */
  async take(type: string, id?: number): Promise<Frame> {
    return this.takeWhere(
      id === undefined ? type : `${type} ${id}`,
      (frame) => frame.type === type && (id === undefined || frame.id === id)
    )
  }

  async takeWhere(what: string, matches: (frame: Frame) => boolean): Promise<Frame> {
    const found = () => {
      const index = this.inbox.findIndex(matches)
      return index < 0 ? undefined : this.inbox.splice(index, 1)[0]
    }
    return this.#until(`receives ${what}`, found, limitMs)
  }

  /** The answer to a request, whatever it is. */
  async request(type: string, payload: object): Promise<Frame> {
    const id = this.send(type, payload)
    return this.takeWhere(`an answer to ${type} ${id}`, (frame) => frame.id === id)
  }

  async publish(channel: string, value: unknown, more: object = {}): Promise<Frame> {
    return this.request("publish", { channel, data: this.codec.jsonData(value), ...more })
  }

  async subscribe(channel: string, more: object = {}): Promise<Frame> {
    return this.request("subscribe", { channel, ...more })
  }

  /** Every frame that the server sent before it answered this has been received. */
  async settle(): Promise<void> {
    const { type } = await this.request("ping", {})
    if (type !== "pong") throw new Error(`a ping was answered with ${type}`)
  }

  /** The JSON values of the publications that wait in the inbox, taken out of it. */
  takeValues(channel: string): ReadonlyArray<unknown> {
    const values: Array<unknown> = []
    for (const frame of this.inbox.splice(0)) {
      const wanted = frame.type === "publication" && frame.payload.channel === channel
      if (wanted) values.push(this.codec.jsonValue(frame.payload))
      else this.inbox.push(frame)
    }
    return values
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  async closed(waitMs = limitMs): Promise<Close> {
    return this.#until("is closed by the server", () => this.#close, waitMs)
  }

  close(): void {
    this.#socket.close()
  }
}
