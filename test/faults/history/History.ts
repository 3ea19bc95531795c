/**
 * History: what everybody saw during a run under faults, as events.
 *
 * Each process writes its own file; merged by `t` they are one history. Every
 * event is written where it happened: an invocation before the request leaves,
 * an outcome after its answer came. The checker relies on both.
 */
import { hash } from "node:crypto"
import type { Position } from "@weir/core/Position"

interface Event {
  /** Milliseconds of this host's monotonic clock: the same in all its processes. */
  readonly t: number
}

interface Publishing extends Event {
  readonly type: "publish"
  /** One line of pipelined publications: its order on a channel is kept. */
  readonly process: string
  /** As subscribers see it; absent: the same as `process`. */
  readonly publisher?: string
  readonly channel: string
  readonly messageId: string
}

/** A retry with the same id is invoked again. */
export interface PublishInvoked extends Publishing {
  readonly phase: "invoke"
  readonly sha: string
}

export interface PublishOk extends Publishing {
  readonly phase: "ok"
  readonly position: Position
  readonly duplicate?: boolean
}

/** `fail`: certainly not applied. `info`: nobody knows, as after any retryable failure. */
export interface PublishFailed extends Publishing {
  readonly phase: "fail" | "info"
  readonly code: string
}

export type Publish = PublishInvoked | PublishOk | PublishFailed

interface Subscribing extends Event {
  readonly type: "subscribe"
  /** One life of a client's subscriptions: its callback sees each publication once. */
  readonly subscriber: string
  readonly channel: string
  readonly since?: Position
}

export interface SubscribeInvoked extends Subscribing {
  readonly phase: "invoke"
}

export interface SubscribeOk extends Subscribing {
  readonly phase: "ok"
  readonly position: Position
  readonly recovered: boolean
  readonly reason?: string
  readonly next: number
}

export interface Delivered extends Event {
  readonly type: "deliver"
  readonly subscriber: string
  readonly channel: string
  readonly position: Position
  readonly publisher: string
  readonly messageId: string
  readonly sha: string
  /** As a frame, or by the SDK. */
  readonly via: "wire" | "callback"
}

export interface GapTold extends Event {
  readonly type: "gap"
  readonly subscriber: string
  readonly channel: string
  readonly reason: string
  readonly from?: number
  readonly to?: number
  readonly position: Position
}

/** The workload let go of the channel. */
export interface Unsubscribed extends Event {
  readonly type: "unsubscribe"
  readonly subscriber: string
  readonly channel: string
}

export interface Connected extends Event {
  readonly type: "connected"
  readonly subscriber: string
}

export interface Closed extends Event {
  readonly type: "close"
  readonly subscriber: string
  readonly code: number
  /** The workload let go of it; anybody else has to be back, and at the head, at the end. */
  readonly final?: boolean
}

export interface Fault extends Event {
  readonly type: "fault"
  readonly phase: "start" | "stop"
  readonly name: string
  readonly target: string
}

export interface Own extends Event {
  readonly type: "own"
  readonly node: string
  readonly shard: number
  readonly term: number
  readonly what: "acquired" | "released" | "lost"
}

/** A process of ours ended; expected if a fault did it. */
export interface Exited extends Event {
  readonly type: "exit"
  readonly process: string
  readonly expected: boolean
}

export interface LogEntry {
  readonly offset: number
  readonly term: number
  readonly publisher: string
  readonly messageId: string
  readonly sha: string
}

/** What the store holds once all is quiet. */
export interface FinalLog extends Event {
  readonly type: "log"
  readonly channel: string
  readonly epoch: string
  readonly entries: ReadonlyArray<LogEntry>
  /** The first offset that is not trimmed. */
  readonly floor: number
}

export type HistoryEvent =
  | Publish
  | SubscribeInvoked
  | SubscribeOk
  | Delivered
  | GapTold
  | Unsubscribed
  | Connected
  | Closed
  | Fault
  | Own
  | Exited
  | FinalLog

/**
 * The `t` of what happens now. Not the wall clock, not even its reading at the
 * process's start: a step of it between two starts would swap their events.
 */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** Short, for comparing: the `sha` of some data. */
export const digest = (data: string | Uint8Array): string =>
  hash("sha256", data, "base64url").slice(0, 12)
