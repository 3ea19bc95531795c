/**
 * Outbox: what waits for one connection whose socket is full, bounded.
 *
 * Counts bytes as well as frames, because one large frame weighs more than many
 * small ones. It exists only while there is a backlog: a connection that keeps
 * up has none. Who offers decides what a refusal means.
 */
import { Effect, Exit, Queue } from "effect"
import type { ByteBudget } from "./ByteBudget.ts"

export interface OutboxLimits {
  readonly maxFrames: number
  readonly maxBytes: number
  /** Of all outboxes here. A frame that several wait for counts for each of them. */
  readonly shared: ByteBudget
}

/** What each may hold, however full the others are: answers and heartbeats fit. */
const reservedBytes = 16 * 1024

export class Outbox {
  readonly #queue: Queue.Queue<Uint8Array>
  readonly #limits: OutboxLimits
  #bytes = 0

  constructor(limits: OutboxLimits) {
    this.#queue = Effect.runSync(Queue.dropping<Uint8Array>(limits.maxFrames))
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get frames(): number {
    return Queue.sizeUnsafe(this.#queue)
  }

  /** False, and nothing changed, when the frame does not fit. */
  offer(frame: Uint8Array): boolean {
    const { maxBytes, shared } = this.#limits
    const { byteLength } = frame
    const bytes = this.#bytes + byteLength
    if (bytes > maxBytes || (bytes > reservedBytes && !shared.hasRoom(byteLength))) return false
    if (!Queue.offerUnsafe(this.#queue, frame)) return false
    this.#count(byteLength)
    return true
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#limits.shared.count(bytes)
  }

  /** The oldest frame, or nothing. */
  take(): Uint8Array | undefined {
    const exit = Queue.takeUnsafe(this.#queue)
    if (exit === undefined || Exit.isFailure(exit)) return undefined
    this.#count(-exit.value.byteLength)
    return exit.value
  }

  /** Lets go of all that is left. */
  drop(): void {
    this.#count(-this.#bytes)
  }
}
