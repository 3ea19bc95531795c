/**
 * RefusedAttempts: keeps the order of one sender's publications when one of them
 * is refused.
 *
 * The ones behind it are on their way already. Were they taken, the one that was
 * refused could only come after them. So all of the same attempt are refused too,
 * until the sender begins again with a higher one.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import { Exit } from "effect"
import { Moved } from "../domain/Moved.ts"

type Refused = Exit.Failure<Accepted, Failure | Moved>

/** Channels remembered for one stream; past that the oldest is forgotten. */
const maxChannels = 10_000

const aborted: Refused = Exit.fail(
  failure("aborted", "an earlier publication on the channel failed")
) as Refused

export class RefusedAttempts {
  readonly #refused = new Map<string, { readonly attempt: number; readonly answer: Refused }>()

  /** One of this attempt has been refused. */
  refuse(channel: string, attempt: number, exit: Refused): void {
    const known = this.#refused.get(channel)
    if (known !== undefined && known.attempt >= attempt) return
    const isMoved = exit.cause.reasons.some(
      (reason) => reason._tag === "Fail" && reason.error instanceof Moved
    )
    // The newest goes last, so that the oldest is first.
    this.#refused.delete(channel)
    this.#refused.set(channel, { attempt, answer: isMoved ? exit : aborted })
    if (this.#refused.size <= maxChannels) return
    const [oldest] = this.#refused.keys()
    this.#refused.delete(oldest!)
  }

  /** The answer for another one of the same attempt, or an older one. */
  find(channel: string, attempt: number): Refused | undefined {
    // As a rule; the channel's hash is then not needed.
    if (this.#refused.size === 0) return undefined
    const known = this.#refused.get(channel)
    if (known === undefined) return undefined
    if (attempt <= known.attempt) return known.answer
    this.#refused.delete(channel)
    return undefined
  }
}
