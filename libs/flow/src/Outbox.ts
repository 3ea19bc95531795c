/**
 * Outbox: what waits for one connection whose socket is full, bounded.
 *
 * Counts bytes as well as frames, because one large frame weighs more than many
 * small ones. It exists only while there is a backlog: a connection that keeps
 * up has none. Who offers decides what a refusal means.
 */
import { Effect, Exit, Queue } from "effect"

export interface OutboxLimits {
  readonly maxFrames: number
  readonly maxBytes: number
}

export class Outbox {
  readonly #queue: Queue.Queue<Uint8Array>
  readonly #maxBytes: number
  #bytes = 0

  constructor(limits: OutboxLimits) {
    this.#queue = Effect.runSync(Queue.dropping<Uint8Array>(limits.maxFrames))
    this.#maxBytes = limits.maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get frames(): number {
    return Queue.sizeUnsafe(this.#queue)
  }

  /** False, and nothing changed, when the frame does not fit. */
  offer(frame: Uint8Array): boolean {
    if (this.#bytes + frame.byteLength > this.#maxBytes) return false
    if (!Queue.offerUnsafe(this.#queue, frame)) return false
    this.#bytes += frame.byteLength
    return true
  }

  /** The oldest frame, or nothing. */
  take(): Uint8Array | undefined {
    const exit = Queue.takeUnsafe(this.#queue)
    if (exit === undefined || Exit.isFailure(exit)) return undefined
    this.#bytes -= exit.value.byteLength
    return exit.value
  }
}
