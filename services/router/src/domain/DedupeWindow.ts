/**
 * DedupeWindow: the message ids that one channel has seen lately.
 *
 * Two maps that take turns: an id is remembered for one to two windows, and
 * forgetting costs one assignment instead of a timer for each id.
 */
import { messageKey } from "@weir/core/MessageKey"
import type { Position } from "@weir/core/Position"

/** Ids remembered for one channel in one window: at 100 bytes each some 2 MB. */
export const maxIds = 20_000

/** One that a channel has seen, by its key. */
export interface KnownId {
  readonly key: string
  readonly position: Position
}

export class DedupeWindow {
  readonly #windowMs: number
  readonly #maxIds: number
  #young = new Map<string, Position>()
  #old = new Map<string, Position>()
  #turnedAt: number

  /** At `maxIds` the maps take turns early: memory is bounded, the window shrinks. */
  constructor(windowMs: number, maxIds: number, nowMillis: number) {
    this.#windowMs = windowMs
    this.#maxIds = maxIds
    this.#turnedAt = nowMillis
  }

  #turn(nowMillis: number): void {
    const elapsed = nowMillis - this.#turnedAt
    if (elapsed < this.#windowMs && this.#young.size < this.#maxIds) return
    this.#old = elapsed < 2 * this.#windowMs ? this.#young : new Map()
    this.#young = new Map()
    this.#turnedAt = nowMillis
  }

  /** The position of the message with this id, if it is remembered. */
  find(publisher: string, messageId: string, nowMillis: number): Position | undefined {
    this.#turn(nowMillis)
    const key = messageKey(publisher, messageId)
    return this.#young.get(key) ?? this.#old.get(key)
  }

  remember(publisher: string, messageId: string, position: Position, nowMillis: number): void {
    this.learn({ key: messageKey(publisher, messageId), position }, nowMillis)
  }

  learn({ key, position }: KnownId, nowMillis: number): void {
    this.#turn(nowMillis)
    this.#young.set(key, position)
  }

  /** The newest, at most so many, oldest first. */
  newest(count: number): ReadonlyArray<KnownId> {
    const all = [...this.#old, ...this.#young].slice(-count)
    return all.map(([key, position]) => ({ key, position }))
  }

  isEmpty(nowMillis: number): boolean {
    this.#turn(nowMillis)
    return this.#young.size === 0 && this.#old.size === 0
  }
}
