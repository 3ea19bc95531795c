/**
 * Answering: the answer to a unary call that comes without a fiber.
 *
 * For what is called so often that a fiber for each call shows: it took a seventh of what a
 * router needs to take one publication. Nothing interrupts it: what the caller gives up
 * goes on, and its answer goes nowhere.
 */
import type { Failure } from "@weir/core/Failure"
import type { Exit } from "effect"

export class Answering<A> {
  /** Called once. Calls `answer` once, and maybe at once. */
  readonly begin: (answer: (exit: Exit.Exit<A, Failure>) => void) => void

  constructor(begin: Answering<A>["begin"]) {
    this.begin = begin
  }
}
