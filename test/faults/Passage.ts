/**
 * Passage: one direction of a connection through the fault proxy.
 */
import type { Socket } from "node:net"
import type { Faults } from "./Faults.ts"

/** Then the source is not read until half has left. With a delay of d it bounds the rate to this per d. */
export const heldBytes = 262_144

/** Under a rate, what leaves at once: a twentieth of a second's worth. */
const steps = 20

interface Chunk {
  bytes: Buffer
  readonly arrivedAt: number
  /** 0 to 1, of the jitter. */
  readonly luck: number
}

export class Passage {
  readonly #from: Socket
  readonly #into: Socket
  readonly #faults: () => Faults
  readonly #isDropped: () => boolean
  readonly #chunks: Array<Chunk> = []
  #held = 0
  /** Under a rate: when the next bytes may leave. */
  #freeAt = 0
  #timer: NodeJS.Timeout | undefined
  /** Bytes that are on their way out, and cannot be taken back. */
  #leaving = 0
  #isEnding = false

  constructor(
    from: Socket,
    into: Socket,
    options: {
      readonly faults: () => Faults
      readonly isDropped: () => boolean
      readonly random: () => number
    }
  ) {
    this.#from = from
    this.#into = into
    this.#faults = options.faults
    this.#isDropped = options.isDropped
    from.on("data", (bytes: Buffer) => {
      if (this.#isDropped() || into.destroyed) return
      this.#chunks.push({ bytes, arrivedAt: performance.now(), luck: options.random() })
      this.#held += bytes.length
      if (this.#held >= heldBytes) from.pause()
      this.#pump()
    })
    from.on("end", () => {
      if (this.#isDropped()) return
      this.#isEnding = true
      this.#pump()
    })
  }

  /** The faults are others now. */
  reconsider() {
    if (this.#isDropped()) this.#discard()
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#freeAt = 0
    this.#pump()
  }

  stop() {
    clearTimeout(this.#timer)
    this.#discard()
  }

  #discard() {
    this.#chunks.length = 0
    this.#release(this.#held - this.#leaving)
  }

  #release(bytes: number) {
    this.#held -= bytes
    if (this.#held * 2 <= heldBytes && this.#from.isPaused()) this.#from.resume()
  }

  #pump() {
    const chunk = this.#chunks[0]
    if (this.#leaving > 0 || this.#timer !== undefined) return
    if (chunk === undefined) {
      if (this.#isEnding && !this.#isDropped()) this.#into.end()
      return
    }
    const now = performance.now()
    const { bytesPerSecond, delayMs = 0, jitterMs = 0, sliceBytes } = this.#faults()
    const dueAt = Math.max(chunk.arrivedAt + delayMs + chunk.luck * jitterMs, this.#freeAt)
    if (dueAt > now) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        this.#pump()
      }, dueAt - now)
      return
    }
    const step = bytesPerSecond && Math.max(1, Math.floor(bytesPerSecond / steps))
    const size = Math.min(chunk.bytes.length, sliceBytes || Infinity, step || Infinity)
    const piece = chunk.bytes.subarray(0, size)
    chunk.bytes = chunk.bytes.subarray(size)
    if (chunk.bytes.length === 0) this.#chunks.shift()
    if (bytesPerSecond) this.#freeAt = Math.max(now, this.#freeAt) + (size * 1000) / bytesPerSecond
    // One at a time, and slices in turns of their own, or the other side reads them as
    // one. A reader that stops is felt here as well.
    this.#leaving = size
    this.#into.write(piece, () => {
      if (sliceBytes === undefined) this.#left()
      else setImmediate(() => this.#left())
    })
  }

  #left() {
    const size = this.#leaving
    this.#leaving = 0
    this.#release(size)
    if (!this.#into.destroyed) this.#pump()
  }
}
