/**
 * Flusher: writes what connections have waiting, once in a turn of the event loop.
 *
 * One fiber for all connections, and none for a connection or a message: to wake one costs
 * more than the write. What comes while the loop is busy is waiting by the time of the next
 * turn, so that batches grow by themselves: a server that writes each publication at once
 * stops at 100,000 deliveries a second, this one carries ten times as many.
 */
import { Effect, Latch } from "effect"

/** What may be flushed. */
export interface Flushable {
  readonly flush: (nowMillis: number, join?: Join) => void
}

/** Chunks in their order, as one. */
export type Join = (first: Uint8Array, others: ReadonlyArray<Uint8Array>) => Uint8Array

/** After this, everybody else has a turn: heartbeats, requests, the mesh. */
const sliceMs = 5

/** The clock is not read for each connection. */
const looksEvery = 32

export class Flusher {
  readonly #hasWork = Latch.makeUnsafe(false)
  #waiting: Array<Flushable> = []
  /** The chunks that were joined last: connections with the same channels have the same. */
  #first: Uint8Array | undefined
  #others: ReadonlyArray<Uint8Array> = []
  #joined: Uint8Array | undefined

  /** It has something to write, for the first time since it was flushed. */
  add(flushable: Flushable): void {
    this.#waiting.push(flushable)
    this.#hasWork.openUnsafe()
  }

  readonly #join: Join = (first, others) => {
    const known = this.#others
    const isSame =
      this.#first === first &&
      known.length === others.length &&
      others.every((chunk, index) => chunk === known[index])
    if (!isSame) {
      this.#first = first
      this.#others = others
      this.#joined = Buffer.concat([first, ...others])
    }
    return this.#joined!
  }

  #flushSome(): void {
    const end = performance.now() + sliceMs
    const nowMillis = Date.now()
    let flushed = 0
    try {
      while (flushed < this.#waiting.length) {
        this.#waiting[flushed++]!.flush(nowMillis, this.#join)
        if (flushed % looksEvery === 0 && performance.now() > end) break
      }
    } finally {
      this.#waiting.splice(0, flushed)
      // Nothing here keeps chunks alive that everybody has been given.
      this.#first = undefined
      this.#others = []
      this.#joined = undefined
      if (this.#waiting.length === 0) this.#hasWork.closeUnsafe()
    }
  }

  /** Flushes for ever. */
  readonly run: Effect.Effect<never> = Effect.suspend(() => this.#hasWork.await).pipe(
    Effect.andThen(Effect.yieldNow),
    Effect.andThen(Effect.sync(() => this.#flushSome())),
    Effect.catchCause((cause) => Effect.logError("a connection could not be flushed", cause)),
    Effect.forever({ disableYield: true })
  )
}
