/**
 * Watcher: the changes one connector waits for, in batches.
 *
 * A connector that reads slowly holds nobody up: what it has not taken is
 * merged, not queued.
 */
import type { Failure } from "@weir/core/Failure"
import type { PresenceChange } from "@weir/core/Member"
import { Effect, Latch } from "effect"
import { PendingChanges } from "./domain/PendingChanges.ts"
import type { Change } from "./domain/Roster.ts"
import * as Metrics from "./PresenceMetrics.ts"

/**
 * From the first change to its flush. Nobody sees 50 ms in a list of people,
 * and in it a storm of joins becomes one frame, a page reload nothing at all.
 */
const flushAfter = "50 millis"

/**
 * Members in one batch. With 1 KiB of data each it is about 1.5 MB, a tenth of
 * what the other side takes, and encoding it holds the event loop for a few ms.
 */
const maxBatch = 1_000

export class Watcher {
  readonly #pending = new PendingChanges()
  readonly #something = Latch.makeUnsafe(false)
  #isFlushing = false
  #end: Failure | undefined

  tell(channel: string, change: Change): void {
    this.#measured(() => this.#pending.add(channel, change))
    this.#something.openUnsafe()
  }

  forget(channel: string): void {
    this.#measured(() => this.#pending.forget(channel))
  }

  /** Whoever waits for changes gets the failure. The caller has made it forget all channels. */
  end(why: Failure): void {
    this.#end = why
    this.#something.openUnsafe()
  }

  /** The next batch; waits while there is none. For one fiber. */
  readonly changes: Effect.Effect<Array<PresenceChange>, Failure> = Effect.gen(
    { self: this },
    function* () {
      while (true) {
        // The rest of a flush has waited already.
        if (!this.#isFlushing) {
          yield* this.#something.await
          if (this.#end === undefined) yield* Effect.sleep(flushAfter)
        }
        if (this.#end !== undefined) return yield* this.#end
        const batch = this.#measured(() => this.#pending.take(maxBatch))
        this.#isFlushing = this.#pending.size > 0
        if (!this.#isFlushing) this.#something.closeUnsafe()
        // Empty: what there was has been taken back by its opposite.
        if (batch.length > 0) return batch
      }
    }
  )

  #measured<A>(change: () => A): A {
    const before = this.#pending.size
    const result = change()
    Metrics.pendingChanges.add(this.#pending.size - before)
    return result
  }
}
