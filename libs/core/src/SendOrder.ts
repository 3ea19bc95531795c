/**
 * SendOrder: keeps one sender's publications in order over a refusal.
 *
 * A sender that does not wait for each answer has more on its way when one is
 * refused. Were those taken, the refused one, sent again, would come after them.
 * So they are refused as well, until the first refused one comes again. A sender
 * that goes on without it is refused for as long as what was on its way may take.
 */
import { type Failure, failure, failures } from "./Failure.ts"

/** Longer than what is on its way when a refusal is answered needs to arrive. */
const heldMs = 2_000

/** Channels that are held for one sender; past that the oldest is let go. */
const maxChannels = 1_000

interface Held {
  readonly messageId: string
  /** Among all that the sender has sent. */
  readonly place: number
  /** For ever, until the sender has been told: it goes on without knowing. */
  until: number
}

export class SendOrder {
  readonly #held = new Map<string, Held>()
  #sent = 0

  /** The place of the next one, in the order sent. */
  next(): number {
    return this.#sent++
  }

  /** Why this one may not be published now, if it may not. */
  check(channel: string, messageId: string, monotonicMs: number): Failure | undefined {
    const held = this.#held.get(channel)
    if (held === undefined) return undefined
    if (messageId !== held.messageId && monotonicMs < held.until) {
      return failure(
        "aborted",
        `publish ${held.messageId} again first: it was refused, and this one is behind it`,
        100
      )
    }
    this.#held.delete(channel)
    return undefined
  }

  /**
   * One was refused. If it may be sent again, it keeps its place; without an id it has none.
   * What was sent later may have been refused before it: it is the first that is waited for.
   */
  refused(channel: string, messageId: string, place: number, why: Failure): void {
    // One that is not durable is in its place already.
    const isOver = !failures[why.code].retryable || why.code === "not_durable"
    if (isOver || messageId === "") return
    const held = this.#held.get(channel)
    if (held !== undefined && held.place <= place) return
    this.#held.set(channel, { messageId, place, until: Number.POSITIVE_INFINITY })
    if (this.#held.size <= maxChannels) return
    const [oldest] = this.#held.keys()
    this.#held.delete(oldest!)
  }

  /** The answer has left: what is on its way now was sent without knowing, and nothing after it. */
  told(channel: string, messageId: string, monotonicMs: number): void {
    const held = this.#held.get(channel)
    if (held?.messageId === messageId) held.until = monotonicMs + heldMs
  }
}
