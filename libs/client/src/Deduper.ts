/**
 * Deduper: remembers which messages a subscription has seen.
 *
 * After a failover a publication may come again under another offset; its
 * publisher and message id still name it. The memory is bounded twice: by the
 * server's dedupe window, after which nobody resends, and by a count.
 */

const keyOf = (publisher: string, messageId: string): string => `${publisher}\n${messageId}`

export class Deduper {
  readonly #windowMs: number
  readonly #limit: number
  // A Map keeps the order of insertion, so the oldest entry is always the first.
  readonly #seenAt = new Map<string, number>()

  constructor(options: { readonly windowMs: number; readonly limit: number }) {
    this.#windowMs = options.windowMs
    this.#limit = options.limit
  }

  /** Was this message seen within the window? Remembers it if not. */
  isRepeat(publisher: string, messageId: string, now: number): boolean {
    // A publication without an id cannot be told from another one.
    if (messageId === "") return false
    this.#forget(now)
    const key = keyOf(publisher, messageId)
    if (this.#seenAt.has(key)) return true
    this.#seenAt.set(key, now)
    if (this.#seenAt.size > this.#limit) this.#forgetOldest()
    return false
  }

  has(publisher: string, messageId: string): boolean {
    return this.#seenAt.has(keyOf(publisher, messageId))
  }

  get size(): number {
    return this.#seenAt.size
  }

  #forget(now: number): void {
    for (const seenAt of this.#seenAt.values()) {
      if (now - seenAt < this.#windowMs) return
      this.#forgetOldest()
    }
  }

  #forgetOldest(): void {
    for (const key of this.#seenAt.keys()) {
      this.#seenAt.delete(key)
      return
    }
  }
}
