/**
 * FakeSocket.fixture: a WebSocket whose other end is the test.
 *
 * For what a real server does not do on command: stay silent, refuse a ticket,
 * close with any code. `FakeSocket.opened` lists the sockets of a client in order.
 */
import type { SocketConstructor, SocketLike } from "./Connection.ts"

interface SocketEvent {
  readonly type: string
  readonly data?: unknown
  readonly code?: number
  readonly reason?: string
}

interface Frame {
  readonly type: string
  readonly id: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any payload
  readonly payload: any
}

export class FakeSocket implements SocketLike {
  readonly url: string
  /** What the client has sent. */
  readonly frames: Array<Frame> = []
  closedByClient = false
  readonly #listeners = new Map<string, (event: SocketEvent) => void>()

  constructor(url: string) {
    this.url = url
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.set(type, listener)
  }

  send(data: string): void {
    this.frames.push(JSON.parse(data))
  }

  close(): void {
    this.closedByClient = true
    this.closes(1006)
  }

  opens(): Frame {
    this.#emit("open", {})
    return this.frames[0]!
  }

  says(type: string, payload: object, id?: number): void {
    this.#emit("message", { data: JSON.stringify({ type, id, ts: 1_000, payload }) })
  }

  closes(code: number, reason = ""): void {
    this.#emit("close", { code, reason })
  }

  /** Opens, and accepts the client's `connect`. */
  accepts(over: object = {}): Frame {
    const connect = this.opens()
    const identity = { session: "s-1", user: "ann", heartbeatMs: 25_000 }
    this.says("connected", { ...identity, ...over }, connect.id)
    return connect
  }

  sent(type: string): Frame | undefined {
    return this.frames.findLast((frame) => frame.type === type)
  }

  #emit(type: string, event: Omit<SocketEvent, "type">): void {
    this.#listeners.get(type)?.({ type, ...event })
  }
}

/** A WebSocket class, and the sockets that were made of it. */
export const fakeSockets = () => {
  const opened: Array<FakeSocket> = []
  const WebSocket = class extends FakeSocket {
    constructor(url: string) {
      super(url)
      opened.push(this)
    }
  }
  return { WebSocket: WebSocket satisfies SocketConstructor, opened }
}
