/**
 * Shard: what this router is to one shard.
 *
 * `idle`: another router's by the view. `awaiting`: ours by the view, not taken
 * yet; what arrives is held. `owned`: taken, under a term. `sealed`: on its way
 * to another router; what is in flight ends, nothing new begins.
 */
import { type Effect, Latch } from "effect"
import { shardsOwned } from "./RouterMetrics.ts"

export type ShardState = "idle" | "awaiting" | "owned" | "sealed"

export class Shard {
  readonly id: number
  /** The last term under which this router owned it; 0: never. */
  term = 0
  /** The highest term ever seen for it. */
  highestTerm = 0
  /** On a clock that never steps: when it came to be awaited. */
  awaitedSince = 0
  readonly #owned = Latch.makeUnsafe(false)
  readonly #ours = Latch.makeUnsafe(false)
  #state: ShardState = "idle"

  constructor(id: number) {
    this.id = id
  }

  get state(): ShardState {
    return this.#state
  }

  /** Ours by the view: what arrives for it is taken in. */
  get isOurs(): boolean {
    return this.#state === "owned" || this.#state === "awaiting"
  }

  await(monotonicMs: number): void {
    this.#setState("awaiting")
    this.awaitedSince = monotonicMs
  }

  own(term: number): void {
    this.term = term
    this.saw(term)
    this.#setState("owned")
  }

  seal(): void {
    this.#setState("sealed")
  }

  leave(): void {
    this.#setState("idle")
  }

  saw(term: number): void {
    this.highestTerm = Math.max(this.highestTerm, term)
  }

  /** Waits until it is owned. */
  get whenOwned(): Effect.Effect<void> {
    return this.#owned.await
  }

  /** Waits until the view gives it to us. */
  get whenOurs(): Effect.Effect<void> {
    return this.#ours.await
  }

  #setState(state: ShardState): void {
    if (this.#state === "owned") shardsOwned.add(-1)
    if (state === "owned") shardsOwned.add(1)
    this.#state = state
    if (state === "owned") this.#owned.openUnsafe()
    else this.#owned.closeUnsafe()
    if (this.isOurs) this.#ours.openUnsafe()
    else this.#ours.closeUnsafe()
  }
}
