/**
 * Violation: an invariant that a history breaks, with the events that prove it.
 */
import type { HistoryEvent } from "../history/History.ts"

export const invariants = {
  I1: "what is delivered was published, with these bytes",
  I2: "what certainly failed is not delivered",
  I3: "everybody sees the same entry at a position",
  I4: "a publication has one position",
  I5: "a subscriber sees offsets go up, and epochs change only when told",
  I6: "a subscriber misses nothing without being told",
  I7: "what was acknowledged is in the log",
  I8: "what is published after an acknowledgement comes after it",
  I9: "what one process publishes on a channel keeps its order",
  I10: "terms never go down along the offsets of an epoch",
  I11: "what a resume or a gap says is true",
  I12: "the callback sees a publication once",
  I13: "at the end everybody is back, and each shard has one owner",
  I16: "processes end only by faults"
} as const

export type Invariant = keyof typeof invariants

export interface Violation {
  readonly invariant: Invariant
  readonly explanation: string
  readonly events: ReadonlyArray<HistoryEvent>
}

export interface CheckOptions {
  /** A: Redis lost nothing. B: it lost some of what it had, maybe together with owners. */
  readonly class: "A" | "B"
  /** How long message ids are remembered, in milliseconds; two minutes if absent. */
  readonly window?: number
  /** The log may have had two lives in one epoch. Absent: only in class B. */
  readonly divergence?: boolean
  /** `latest` channels may skip offsets without a word. Absent: `all`. */
  readonly delivery?: (channel: string) => "all" | "latest"
  /** Unlogged channels have no final log. Absent: all are logged. */
  readonly logged?: (channel: string) => boolean
}

/** The options with everything said. */
export type Rules = Required<CheckOptions>

export const rulesOf = (options: CheckOptions): Rules => ({
  window: 120_000,
  divergence: options.class === "B",
  delivery: () => "all",
  logged: () => true,
  ...options
})
