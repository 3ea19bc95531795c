/**
 * Connection.fixture: connections whose socket is a function, and subscriptions on them.
 */
import { ByteBudget } from "@weir/flow/ByteBudget"
import { Deferred } from "effect"
import { Connection, type ConnectionOptions } from "./Connection.ts"
import { framingOf } from "./Framing.ts"
import type { MaxRate } from "./MaxRate.ts"
import type { Subscription } from "./Subscription.ts"

export const roomForAll = new ByteBudget(1_000_000_000)

export const recentLimits = { maxPublications: 1_000, maxBytes: 1_000_000 }

export interface SocketOptions {
  /** What the socket does with a chunk; true: it takes more. */
  readonly write: (chunk: Uint8Array) => boolean
  readonly close?: (code: number) => void
}

/** JSON, with an outbox of one chunk, unless told otherwise. */
export const makeConnection = (
  options: SocketOptions & Pick<ConnectionOptions, "flusher"> & Partial<ConnectionOptions>
): Connection => {
  const { close = () => {}, write, ...others } = options
  return new Connection({
    framing: framingOf("json", false),
    outbox: { maxFrames: 1, maxBytes: 10_000, shared: roomForAll },
    nowMillis: 0,
    onDrained: () => {},
    transport: { write, close },
    ...others
  })
}

export const makeSubscription = (
  connection: Connection,
  channel: string,
  fellBehind: () => void = () => {},
  maxRate?: MaxRate
): Subscription => ({
  channel,
  connection,
  state: "pending",
  cursor: undefined,
  replaying: false,
  leaving: false,
  settled: Deferred.makeUnsafe(),
  wantsPresence: false,
  maxRate,
  memberId: undefined,
  signalledAs: undefined,
  fellBehind
})
