/**
 * Comeback: how long a client waits before its next connection.
 *
 * A server that names a spread has its way; otherwise the wait doubles with each attempt,
 * and starts over once a connection has lasted. To leave when the server asks for it is no
 * attempt that has failed.
 */
import { type Backoff, backoffMs, spreadMs } from "./Backoff.ts"
import type { Spread } from "./Ending.ts"

// A connection that ends sooner than this counts as one more failed attempt, so that
// a server that accepts and at once drops is not stormed.
const STABLE_MS = 10_000

export class Comeback {
  readonly #backoff: Backoff
  readonly #random: () => number
  #attempt = 0
  #connectedAt: number | undefined
  #returnAt: number | undefined
  #leave: ReturnType<typeof setTimeout> | undefined

  constructor(backoff: Backoff, random: () => number) {
    this.#backoff = backoff
    this.#random = random
  }

  connected(nowMillis: number): void {
    this.#connectedAt = nowMillis
    this.#returnAt = undefined
  }

  /** The server will close, and says when it wants the client back: time to `leave`, then. */
  goaway(spread: Spread, nowMillis: number, leave: () => void): void {
    const waitMs = spreadMs(spread, this.#random())
    this.#returnAt = nowMillis + waitMs
    clearTimeout(this.#leave)
    this.#leave = setTimeout(leave, waitMs)
  }

  disconnected(nowMillis: number): void {
    clearTimeout(this.#leave)
    const lastedMs = this.#connectedAt === undefined ? 0 : nowMillis - this.#connectedAt
    if (lastedMs >= STABLE_MS) this.#attempt = 0
    this.#connectedAt = undefined
  }

  /** `hint` stood in the close reason; `retryAfterMs` in a refusal. */
  nextMs(hint: Spread | undefined, retryAfterMs: number, nowMillis: number): number {
    const returnAt = this.#returnAt
    this.#returnAt = undefined
    // Whole milliseconds: a timer may be that much too early.
    if (returnAt !== undefined) return Math.max(0, Math.floor(returnAt - nowMillis))
    const backoff = backoffMs(this.#attempt++, this.#backoff, this.#random())
    return hint === undefined ? retryAfterMs + backoff : spreadMs(hint, this.#random())
  }
}
