/**
 * SessionAccess: what requests ask of a session that reads by events, here or at the connector
 * that holds it.
 */
import type { Events } from "./domain/RetainedEvents.ts"

/**
 * Why there is no answer: no such session; what follows the cursor, or all of its connector, is
 * gone; its connector cannot be reached now.
 */
export type Lost = "unknown" | "gone" | "unreachable"

const statuses = { unknown: 404, gone: 410, unreachable: 503 } as const satisfies {
  readonly [lost in Lost]: number
}

/** The HTTP status that says so, to a client and over the mesh. */
export const statusOfLost = (lost: Lost): number => statuses[lost]

/** Undefined: it was done. */
export const lostOf = (status: number): Lost | undefined => {
  if (status < 400) return undefined
  return status === statuses.unknown ? "unknown" : status === statuses.gone ? "gone" : "unreachable"
}

/** What a reader is told: `lost` alone, or `take` and `beat` as they come and then `end`. */
export interface Sink {
  readonly lost: (why: Lost) => void
  /** False: it takes no more before it says so. */
  readonly take: (events: Events) => boolean
  /** The other end lives. */
  readonly beat: () => void
  readonly end: () => void
}

/** What a reader says. */
export interface Reading {
  /** It takes more. */
  readonly resumed: () => void
  /** It is gone, or has enough. */
  readonly left: () => void
}

/** Each `answer` is called once. A cursor is absent where the client has none yet. */
export interface SessionAccess {
  /** The client says something. */
  readonly commands: (id: string, body: Buffer, answer: (lost?: Lost) => void) => void
  /** The client goes. */
  readonly end: (id: string, answer: (lost?: Lost) => void) => void
  readonly events: (id: string, cursor: number | undefined, sink: Sink) => Reading
  /** What follows the cursor, as soon as there is something; nothing, after a while. */
  readonly poll: (
    id: string,
    cursor: number | undefined,
    answer: (events: Events | Lost) => void
  ) => Pick<Reading, "left">
}
