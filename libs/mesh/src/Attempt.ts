/**
 * Attempt: one try to publish at whoever owns the channel, and what came of it.
 */
import type { Failure } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import type { Exit } from "effect"

/** What became of one attempt. */
export type Outcome =
  | { readonly _tag: "Accepted"; readonly accepted: Accepted }
  /** Decided: it is not appended, and not tried again. */
  | { readonly _tag: "Failed"; readonly failure: Failure }
  /** Certainly not appended; somebody else may be the owner. */
  | { readonly _tag: "Moved" }
  /** Sent, and nobody knows: the connection is lost. */
  | { readonly _tag: "Unknown" }

/**
 * Tries once; `answer` is called at most once, and maybe at once. Returns how to stop
 * waiting for the answer, true if the message certainly never left.
 */
export type Attempt = (
  message: Message,
  attempt: number,
  answer: (outcome: Outcome) => void
  // biome-ignore lint/suspicious/noConfusingVoidType: an attempt that cannot be cancelled returns nothing
) => (() => boolean) | void

export type Resume = (exit: Exit.Exit<Accepted, Failure>) => void
