/**
 * Network: this tab's cable, which can be pulled out and put back.
 *
 * A page cannot end a WebSocket without its closing handshake, so a socket that is cut goes
 * deaf and dumb instead: its client hears that it is gone, and the server finds out as it does
 * with a real cable, by getting no answer.
 */
import type { SocketConstructor, SocketLike } from "@weir/client/Connection"
import { type Observable, Observed } from "@weir/client/Observable"

type SocketEvent = Parameters<Parameters<SocketLike["addEventListener"]>[1]>[0]
type SocketEventType = Parameters<SocketLike["addEventListener"]>[0]
type Listener = (event: SocketEvent) => void

// What a browser says of a socket that ended without a close frame.
const GONE = { type: "close", code: 1006, reason: "" }

export class Network {
  readonly #cut = new Observed(false)
  readonly #live = new Set<CuttableSocket>()
  /** Cut, and still open on the other side. */
  readonly #deaf = new Set<CuttableSocket>()
  /** Of the requests that go on while it is not cut. */
  #plug = new AbortController()
  /** For `WeirClient`: its sockets and requests go through this network. */
  readonly webSocket: SocketConstructor
  readonly fetch: typeof globalThis.fetch = (url, { signal, ...init } = {}) => {
    const signals = [this.#plug.signal, ...(signal ? [signal] : [])]
    return fetch(url, { ...init, signal: AbortSignal.any(signals) })
  }

  constructor(WebSocket: SocketConstructor) {
    const isCut = () => this.#cut.value
    const join = (self: CuttableSocket) => this.#live.add(self)
    const leave = (self: CuttableSocket) => {
      this.#live.delete(self)
      this.#deaf.delete(self)
    }
    this.webSocket = class extends CuttableSocket {
      constructor(url: string, protocols?: string | Array<string>) {
        super(isCut() ? undefined : new WebSocket(url, protocols), leave)
        // Whoever made it has yet to listen.
        if (isCut()) setTimeout(() => this.cut())
        else join(this)
      }
    }
  }

  get isCut(): Observable<boolean> {
    return this.#cut
  }

  /** What is open dies, and nothing new opens. */
  cut(): void {
    this.#cut.set(true)
    this.#plug.abort()
    for (const socket of [...this.#live]) {
      this.#live.delete(socket)
      this.#deaf.add(socket)
      socket.cut()
    }
  }

  restore(): void {
    for (const socket of this.#deaf) socket.abandon()
    this.#deaf.clear()
    this.#plug = new AbortController()
    this.#cut.set(false)
  }
}

class CuttableSocket implements SocketLike {
  readonly #socket: SocketLike | undefined
  readonly #listeners = new Map<SocketEventType, Set<Listener>>()
  #isCut = false

  constructor(socket: SocketLike | undefined, onEnd: (self: CuttableSocket) => void) {
    this.#socket = socket
    for (const type of ["open", "message", "error"] as const) {
      socket?.addEventListener(type, (event) => this.#tell(type, event))
    }
    socket?.addEventListener("close", (event) => {
      onEnd(this)
      this.#tell("close", event)
    })
  }

  set binaryType(type: unknown) {
    if (this.#socket !== undefined) this.#socket.binaryType = type
  }

  addEventListener(type: SocketEventType, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (!this.#isCut) this.#socket?.send(data)
  }

  close(code?: number, reason?: string): void {
    if (!this.#isCut) this.#socket?.close(code, reason)
  }

  /** From now on nothing passes, in either direction. */
  cut(): void {
    if (this.#isCut) return
    this.#tell("close", GONE)
    this.#isCut = true
  }

  /** Lets go of the other side, which may have noticed by now. */
  abandon(): void {
    this.#socket?.close()
  }

  #tell(type: SocketEventType, event: SocketEvent): void {
    if (this.#isCut) return
    for (const listener of this.#listeners.get(type) ?? []) listener(event)
  }
}
