/**
 * Exclusions: publications of one channel that are not to come back to where they were published.
 *
 * Each is remembered until it has passed, for as long as its message id is and no longer. The
 * time is an argument.
 */
import { messageKey } from "@weir/core/MessageKey"

interface Excluded<Who> {
  readonly who: Who
  readonly until: number
}

interface Named {
  readonly publisher: string
  readonly messageId: string
}

/** Beyond it the oldest is forgotten, and comes back to its publisher, who can tell it by its id. */
const limit = 256

const keyOf = ({ messageId, publisher }: Named): string => messageKey(publisher, messageId)

export class Exclusions<Who> {
  readonly #windowMs: number
  // In the order of insertion, and so of their ends.
  readonly #excluded = new Map<string, Excluded<Who>>()

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  get size(): number {
    return this.#excluded.size
  }

  add(message: Named, who: Who, nowMillis: number): void {
    const key = keyOf(message)
    this.#excluded.delete(key)
    this.#excluded.set(key, { who, until: nowMillis + this.#windowMs })
    if (this.#excluded.size > limit) this.#excluded.delete(this.#excluded.keys().next().value!)
  }

  forget(message: Named): void {
    this.#excluded.delete(keyOf(message))
  }

  /** To whom this one is not to be given, if to anybody; it has passed then. */
  take(message: Named, nowMillis: number): Who | undefined {
    for (const [key, { until }] of this.#excluded) {
      if (until > nowMillis) break
      this.#excluded.delete(key)
    }
    if (message.messageId === "") return undefined
    const found = this.#excluded.get(keyOf(message))
    if (found !== undefined) this.forget(message)
    return found?.who
  }
}
