/**
 * Batch: the publications of one request, and what became of each.
 *
 * Each is decided by a plain call, in whatever order; who waits is told once, when the last
 * one is. A fiber for each publication cost five times as much as publishing it.
 */
import { type Failure, failureOf } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import type { Result } from "@weir/proto/api/v1/publish"
import { Exit } from "effect"

export const toResult = (exit: Exit.Exit<Accepted, Failure>): Result => {
  if (Exit.isSuccess(exit)) return { result: { $case: "published", value: exit.value } }
  const { code, message, retryAfterMs } = failureOf(exit)
  return { result: { $case: "failure", value: { code, message, retryAfterMs } } }
}

export class Batch {
  /** In the order of the publications; complete once it is decided. */
  readonly results: Array<Result>
  readonly #decided: ((results: Array<Result>) => void) | undefined
  #undecided: number

  /** `decided` is called once, when the last one is; of none, at once. */
  constructor(size: number, decided?: (results: Array<Result>) => void) {
    this.results = new Array(size)
    this.#undecided = size
    this.#decided = decided
    if (this.isDecided) decided?.(this.results)
  }

  get isDecided(): boolean {
    return this.#undecided === 0
  }

  /** Once for each. */
  decide(index: number, exit: Exit.Exit<Accepted, Failure>): void {
    this.results[index] = toResult(exit)
    if (--this.#undecided === 0) this.#decided?.(this.results)
  }
}
