/**
 * RelayMessages: what two connectors tell each other of a session's events.
 */
import type { RelayResponse } from "@weir/proto/mesh/v1/relay"
import type { Events } from "./domain/RetainedEvents.ts"

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
