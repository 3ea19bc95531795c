/**
 * Transports: by which way the client connects next.
 *
 * The first that works is kept. One that ends before the server has said a word is taken to be
 * blocked, and the next one is tried; after the last one the first again. One that has worked
 * before gets some more tries: more often a server is away than that a network has changed. They
 * are cut short once it is known that the server is there. While it is not the first that works,
 * a bare WebSocket looks at once, and now and then, whether that passes again.
 */
import type { SocketLike } from "./Connection.ts"

export type Transport = "websocket" | "sse" | "longPolling"

/** From the best to the one that passes everywhere. */
export const ALL_TRANSPORTS: ReadonlyArray<Transport> = ["websocket", "sse", "longPolling"]

// With the waits between them that is more than a minute: longer than a restart takes.
export const TRIES_OF_PROVEN = 10
// A server may have gone just now, and by the second time it has not come back.
export const TRIES_OF_BLOCKED = 2
// A server that is full, or sees too many handshakes, refuses some, and answers requests.
export const TRIES_BEFORE_ASKING = 3

/** `blocked`: the server is there, and this way is not. `cut`: and nobody said why. */
export type End = "told" | "cut" | "blocked"

export class Transports {
  readonly #all: ReadonlyArray<Transport>
  readonly #climbMs: number
  readonly #isServerThere: () => Promise<boolean>
  #at = 0
  #worked = false
  readonly #proven = new Set<Transport>()
  #failures = 0
  /** It is known now that it is not the server that is away. */
  #isBlocked = false
  #climb: ReturnType<typeof setInterval> | undefined

  constructor(
    all: ReadonlyArray<Transport>,
    climbMs: number,
    isServerThere: () => Promise<boolean>
  ) {
    this.#all = all
    this.#climbMs = climbMs
    this.#isServerThere = isServerThere
  }

  get current(): Transport {
    return this.#all[this.#at]!
  }

  /** A new connection begins: this way. */
  open(): Transport {
    this.#worked = false
    if (this.#isBlocked) this.#next()
    return this.current
  }

  /** The server has spoken. `found`: called once a better way works again. */
  connected(probe: () => SocketLike, found: () => void): void {
    this.#worked = true
    this.#failures = 0
    this.#isBlocked = false
    this.#proven.add(this.current)
    if (this.#at === 0 || this.#all[0] !== "websocket") return
    let looking: SocketLike | undefined
    const look = () => {
      // One that nobody answers would wait for ever.
      looking?.close(1000, "")
      const socket = probe()
      looking = socket
      socket.addEventListener("error", () => {})
      socket.addEventListener("open", () => {
        socket.close(1000, "")
        if (this.#climb === undefined || looking !== socket) return
        this.stop()
        this.#at = 0
        found()
      })
    }
    this.#climb = setInterval(look, this.#climbMs)
    // At once, too: it may have been the server that was away, and for all of them.
    look()
  }

  /** Looks for no better way any more. */
  stop(): void {
    clearInterval(this.#climb)
    this.#climb = undefined
  }

  /** The connection is over. */
  ended(how: End): void {
    this.stop()
    if (how === "told" || (how === "cut" && this.#worked)) return
    this.#failures++
    const mostTries = how === "blocked" ? TRIES_OF_BLOCKED : TRIES_OF_PROVEN
    if (this.#failures >= (this.#proven.has(this.current) ? mostTries : 1)) this.#next()
    // Requests pass where a WebSocket may not; of an end of theirs it is known why.
    else if (this.current === "websocket" && this.#failures >= TRIES_BEFORE_ASKING) this.#ask()
  }

  #ask(): void {
    if (this.#all.length === 1) return
    const failures = this.#failures
    void this.#isServerThere().then((isThere) => {
      // It may have been long ago.
      if (isThere && this.#failures === failures) this.#isBlocked = true
    })
  }

  #next(): void {
    this.#failures = 0
    this.#isBlocked = false
    this.#at = (this.#at + 1) % this.#all.length
  }
}
