/**
 * Connection: one live WebSocket, from its opening to its end.
 *
 * It speaks frames: sends `connect` first, pairs answers with requests by their
 * id, answers pings, and takes a server for dead that is silent longer than it
 * promised. It ends once, with one `onEnd`; who comes back, and when, is decided
 * by `Session`.
 */
import { report } from "./Callback.ts"
import type { Codec, Payload } from "./Codec.ts"
import { deferred } from "./Deferred.ts"
import { CUT, type Ending } from "./Ending.ts"
import type { ClientType, ServerEnvelope, ServerPayload } from "./Envelope.ts"
import { WeirError } from "./Failure.ts"

export interface SocketEvent {
  readonly type: string
  readonly data?: unknown
  readonly code?: number
  readonly reason?: string
}

/** The part of a WebSocket that the client uses. */
export interface SocketLike {
  binaryType?: unknown
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(
    type: "open" | "message" | "close" | "error" | "alive",
    listener: (event: SocketEvent) => void
  ): void
}

export type SocketConstructor = new (url: string, protocols?: string | Array<string>) => SocketLike

export interface ConnectionEvents {
  onConnected(payload: ServerPayload<"connected">, ts: number): void
  /** A frame that answers no request. */
  onPush(envelope: ServerEnvelope): void
  /** Called once. `failure` is what the server answered to `connect`, if it refused by that. */
  onEnd(ending: Ending, failure: WeirError | undefined): void
}

export type Answer = (envelope: ServerEnvelope) => void

// A handshake has TCP, TLS and a question to the auth service in it; on a poor
// mobile network that has been seen to take 10 s.
const HANDSHAKE_MS = 15_000
// How long a server may stay silent beyond its heartbeat (docs/protocol.md).
const GRACE_MS = 8_000
// A server that is busy with others puts a newcomer off, on the connection that it has. One that
// does so again and again is better left for another one.
const MAX_PUT_OFF = 5
const MAX_PUT_OFF_MS = 30_000
const MAX_UNANSWERED = 4096
const MAX_ID = 2 ** 31 - 1

export class Connection {
  readonly #socket: SocketLike
  readonly #codec: Codec
  readonly #events: ConnectionEvents
  readonly #hello: () => object
  readonly #answers = new Map<number, Answer>()
  readonly #closed = deferred<void>()
  #lastId = 0
  #ended = false
  #failure: WeirError | undefined
  #putOff = 0
  #again: ReturnType<typeof setTimeout> | undefined
  #heardAt = performance.now()
  #silenceMs = HANDSHAKE_MS
  #watch: ReturnType<typeof setTimeout>

  /** `hello` makes the payload of `connect`, once the socket is open. */
  constructor(
    WebSocket: SocketConstructor,
    url: string,
    codec: Codec,
    hello: () => object,
    events: ConnectionEvents
  ) {
    this.#codec = codec
    this.#events = events
    this.#hello = hello
    this.#socket = new WebSocket(url, codec.protocol)
    this.#socket.binaryType = "arraybuffer"
    this.#watch = setTimeout(() => this.#checkSilence(), this.#silenceMs)
    this.#socket.addEventListener("open", () => this.#connect())
    this.#socket.addEventListener("message", ({ data }) => this.#read(data))
    // What shows that the other end lives, and is no message: no WebSocket has this event.
    this.#socket.addEventListener("alive", () => {
      this.#heardAt = performance.now()
    })
    // The close event follows each error event and says as much.
    this.#socket.addEventListener("error", () => {})
    this.#socket.addEventListener("close", ({ code = CUT, reason = "" }) => {
      this.#closed.resolve()
      this.#end({ code, reason })
    })
  }

  /** Sends a request; false if too many are unanswered. */
  request(type: ClientType, payload: object | Payload, answer: Answer): boolean {
    if (this.#ended || this.#answers.size >= MAX_UNANSWERED) return false
    const id = this.#nextId()
    this.#answers.set(id, answer)
    this.#send(type, id, payload)
    return true
  }

  /** Sends what is answered only if it is refused, and then to nobody in particular. */
  tell(type: "signal" | "pong", payload: object): void {
    if (!this.#ended) this.#send(type, 0, payload)
  }

  #send(type: ClientType, id: number, payload: object | Payload): void {
    const isEncoded = typeof payload === "string" || payload instanceof Uint8Array
    const encoded = isEncoded ? payload : this.#codec.payload(type, payload)
    this.#socket.send(this.#codec.message(type, id, encoded) as string | Uint8Array<ArrayBuffer>)
  }

  /** Ends the connection here and now, without waiting for the other side. */
  drop(reason: string): void {
    this.#end({ code: CUT, reason })
    this.#socket.close()
  }

  /** Ends it without an event; resolves when the socket is gone, or after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#stop()
    this.#socket.close(1000, "")
    const timer = setTimeout(() => this.#closed.resolve(), graceMs)
    await this.#closed.promise
    clearTimeout(timer)
  }

  #nextId(): number {
    do {
      this.#lastId = this.#lastId === MAX_ID ? 1 : this.#lastId + 1
    } while (this.#answers.has(this.#lastId))
    return this.#lastId
  }

  #read(data: unknown): void {
    if (this.#ended) return
    this.#heardAt = performance.now()
    try {
      for (const envelope of this.#codec.read(data)) {
        // A callback may have ended the connection in the middle of an array.
        if (this.#ended) return
        this.#take(envelope)
      }
    } catch (error) {
      // What we could not read may have been a publication: a new connection
      // resumes from the last one that we did read.
      report(error)
      this.drop("unreadable frame")
    }
  }

  #take(envelope: ServerEnvelope): void {
    if (envelope.type === "ping") {
      this.tell("pong", {})
      return
    }
    const answer = envelope.id === undefined ? undefined : this.#answers.get(envelope.id)
    if (answer === undefined) {
      this.#events.onPush(envelope)
      return
    }
    this.#answers.delete(envelope.id!)
    answer(envelope)
  }

  #connect(): void {
    this.request("connect", this.#hello(), (answer) => this.#connected(answer))
  }

  /** True: `connect` is sent once more, when the server wants it. Another handshake would cost it more. */
  #waits({ code, retryAfterMs }: WeirError): boolean {
    const isPutOff = code === "too_many_requests" && retryAfterMs > 0
    if (!isPutOff || retryAfterMs > MAX_PUT_OFF_MS || ++this.#putOff > MAX_PUT_OFF) return false
    // Until then it has nothing to say.
    this.#heardAt += retryAfterMs
    this.#again = setTimeout(() => this.#connect(), retryAfterMs)
    return true
  }

  #connected(answer: ServerEnvelope): void {
    if (answer.type === "connected") {
      this.#silenceMs = answer.payload.heartbeatMs + GRACE_MS
      clearTimeout(this.#watch)
      this.#checkSilence()
      this.#events.onConnected(answer.payload, answer.ts ?? Date.now())
      return
    }
    const failure = failureOf(answer)
    if (this.#waits(failure)) return
    this.#failure = failure
    this.drop("connect was refused")
  }

  // One timer for the whole connection: it looks when the last frame came, so that
  // a frame costs no timer.
  #checkSilence(): void {
    const leftMs = this.#heardAt + this.#silenceMs - performance.now()
    if (leftMs <= 0) this.drop("silence")
    else this.#watch = setTimeout(() => this.#checkSilence(), leftMs)
  }

  #end(ending: Ending): void {
    if (this.#ended) return
    this.#stop()
    this.#events.onEnd(ending, this.#failure)
  }

  #stop(): void {
    this.#ended = true
    this.#answers.clear()
    clearTimeout(this.#watch)
    clearTimeout(this.#again)
  }
}

/** The failure that an answer holds, or `internal` for an answer of the wrong kind. */
export const failureOf = (answer: ServerEnvelope): WeirError => {
  if (answer.type !== "error") {
    return new WeirError("internal", `the server answered with ${answer.type}`)
  }
  const { code, message = code, retryAfterMs = 0 } = answer.payload
  return new WeirError(code, message, { retryAfterMs })
}
