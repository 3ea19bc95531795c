/**
 * System: what is measured, and how its clients and publishers speak to it.
 *
 * A system is started anew for every run. Its processes are named, so that the
 * figures say whose CPU and memory they are.
 */
import { Data, type Effect, type Scope } from "effect"
import type { DialectName } from "./driver/Dialect.ts"

/** Something that the harness could not do; the message says what to do about it. */
export class BenchFailure extends Data.TaggedError("BenchFailure")<{ readonly message: string }> {}

export interface Process {
  /** `connector-1`, `nginx`, `server`: unique in the run. */
  readonly name: string
  readonly pid: number
  /** Where it tells its metrics, `host:port`, if it is one of Weir's. */
  readonly ops?: string
}

/** How a driver reaches it; goes to the driver as JSON. */
export interface Subscribing {
  readonly dialect: DialectName
  /** Where subscribers connect, `host:port`; spread over all of them. */
  readonly addresses: ReadonlyArray<string>
  /** Source addresses to connect from, since one has too few ports for many connections. */
  readonly token: string
}

export type Publishing =
  /** Weir's `PublishStream`, at a router. */
  | { readonly kind: "weir"; readonly addresses: ReadonlyArray<string>; readonly key: string }
  /** Our own servers: a TCP line to the process, see `servers/Control.ts`. */
  | { readonly kind: "control"; readonly address: string }
  | { readonly kind: "nats"; readonly address: string }
  | { readonly kind: "nchan"; readonly address: string }
  | { readonly kind: "centrifugo"; readonly address: string; readonly key: string }

export interface Running {
  /** As the program says it, such as `4.8.4`. */
  readonly version: string
  /** The processes that hold subscribers' sockets: their CPU is a delivery's cost. */
  readonly servers: ReadonlyArray<Process>
  /** Whatever else belongs to the system: routers, Redis, auth. */
  readonly others: ReadonlyArray<Process>
  readonly subscribing: Subscribing
  readonly publishing: Publishing
}

/** As in `weir.json`. */
export type NamespaceSettings = Readonly<Record<string, boolean | number | string>>

export interface StartOptions {
  /** Core for the processes that hold sockets, and for all others; undefined: wherever. */
  readonly serverCore: number | undefined
  readonly otherCore: number | undefined
  /** Processes that hold sockets. */
  readonly servers: number
  /** A log behind the channel, where the system has a choice. */
  readonly logged: boolean
  /** Of Weir's configuration, instead of those that it has for development. */
  readonly namespaces?: Readonly<Record<string, NamespaceSettings>>
}

export interface System {
  /** As on the command line: `weir`, `socket.io`. */
  readonly name: string
  /** Why it cannot run on this machine, and what would help; undefined if it can. */
  readonly missing: () => string | undefined
  readonly start: (options: StartOptions) => Effect.Effect<Running, BenchFailure, Scope.Scope>
}
