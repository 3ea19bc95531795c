/**
 * Servers: which connection leads to whom, and what becomes of it.
 */
import type { Redis as Connection } from "ioredis"

export interface Servers {
  /** Where a slot is written; without a slot, any primary. */
  readonly ownerOf: (slot: number | undefined) => Connection | undefined
  /** By `host:port`, as Redis Cluster names it. */
  readonly at: (address: string) => Connection | undefined
  /** By the name under which what it was is remembered. */
  readonly primaries: () => ReadonlyMap<string, Connection>
  /** Asks for the owners of all slots again. */
  readonly refresh: () => Promise<void>
  readonly close: () => void
}

export interface ServerEvents {
  /** Commands can be sent to it. */
  readonly up: (server: string) => void
  /** Told again for each failed attempt to come back. */
  readonly down: (server: string, why: string) => void
  /** Other servers are primaries now. */
  readonly moved: () => void
}

/** Tells when one connection comes and goes. */
export const watch = (
  connection: Connection,
  server: string,
  events: Pick<ServerEvents, "up" | "down">
): void => {
  let why = "the connection is closed"
  connection.on("error", (error: Error) => {
    why = error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
  })
  connection.on("ready", () => {
    why = "the connection is closed"
    events.up(server)
  })
  connection.on("close", () => events.down(server, why))
}
