/**
 * PublishEntry: one undecided publication of a line, and what is known of it.
 */
import type { Message } from "@weir/core/Publication"
import type { Attempt, Resume } from "./Attempt.ts"

export interface Entry {
  readonly message: Message
  /** In the line's ticks. */
  readonly publishedAt: number
  /** Absent once nobody waits. */
  resume: Resume | undefined
  /** `waiting`: not under way. `refused`: certainly not appended by its attempt. */
  state: "waiting" | "sent" | "refused" | "lost" | "decided"
  attempt: number
  sentAt: number
  cancel: ReturnType<Attempt>
  /** Behind one that failed under the same attempt: the owner refuses it too. */
  doomed: boolean
  /** An earlier attempt may have appended it, or may still. */
  uncertain: boolean
}

export const makeEntry = (message: Message, resume: Resume, publishedAt: number): Entry => ({
  message,
  publishedAt,
  resume,
  state: "waiting",
  attempt: 0,
  sentAt: 0,
  cancel: undefined,
  doomed: false,
  uncertain: false
})
