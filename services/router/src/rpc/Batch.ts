/**
 * Batch: the publications of one request, and what became of each.
 *
 * Each is decided by a plain call, in whatever order; who waits is told once, when the last
 * one is. A fiber for each publication cost five times as much as publishing it.
 */
import { type Failure, failure, failureOf } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import { endOfTurn } from "@weir/flow/EndOfTurn"
import type { Result } from "@weir/proto/api/v1/publish"
import { Effect, Exit } from "effect"

/** Publications in one message of a batch or stream. */
const maxSize = 256

export const checkSize = ({ length }: ReadonlyArray<unknown>): Failure | undefined =>
  length > maxSize
    ? failure("bad_request", `publications: ${length} in one message, limit ${maxSize}`)
    : undefined

export const toResult = (exit: Exit.Exit<Accepted, Failure>): Result => {
  if (Exit.isSuccess(exit)) return { result: { $case: "published", value: exit.value } }
  const { code, message, retryAfterMs } = failureOf(exit)
  return { result: { $case: "failure", value: { code, message, retryAfterMs } } }
}

export class Batch {
  readonly #results: Array<Result>
  #undecided: number
  #resume: ((results: Effect.Effect<Array<Result>>) => void) | undefined

  constructor(size: number) {
    this.#results = new Array(size)
    this.#undecided = size
  }

  get size(): number {
    return this.#results.length
  }

  /** Once for each. */
  decide(index: number, exit: Exit.Exit<Accepted, Failure>): void {
    this.#results[index] = toResult(exit)
    if (--this.#undecided === 0) this.#resume?.(Effect.succeed(this.#results))
  }

  /**
   * All results, in the order of the publications. For one to wait, behind who listens: by then
   * the lanes have written.
   */
  readonly results: Effect.Effect<Array<Result>> = Effect.tap(
    Effect.callback<Array<Result>>((resume) => {
      if (this.#undecided === 0) resume(Effect.succeed(this.#results))
      else this.#resume = resume
    }),
    endOfTurn
  )
}
