/**
 * RelayMessages: what two connectors tell each other of a session's events.
 */
import type { RelayResponse } from "@weir/proto/mesh/v1/relay"
import type { Events } from "./domain/RetainedEvents.ts"
import type { Lost } from "./SessionAccess.ts"

const statuses = { unknown: 404, gone: 410, unreachable: 503 } as const satisfies {
  readonly [lost in Lost]: number
}

export const statusOfLost = (lost: Lost): number => statuses[lost]

/** Undefined: it was done. */
export const lostOf = (status: number): Lost | undefined => {
  if (status < 400) return undefined
  return status === statuses.unknown ? "unknown" : status === statuses.gone ? "gone" : "unreachable"
}

export const responseOf = ({ cursor, lines }: Events): RelayResponse => ({
  status: 0,
  cursor: String(cursor),
  frames: [...lines]
})

export const eventsOf = ({ cursor, frames }: RelayResponse): Events => ({
  cursor: Number(cursor),
  lines: frames
})

/** Empty: the client has none yet. */
export const cursorOf = (cursor: string): number | undefined =>
  cursor === "" ? undefined : Number(cursor)
