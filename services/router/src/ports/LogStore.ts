/**
 * LogStore: where channels' logs are kept, and the one place that decides what
 * is in them.
 *
 * Promises, for every implementation. An append happens wholly or not at all,
 * and only directly after the head that the caller names. A message id that the
 * window knows is never appended twice. What `head`, `read` and `resume` return
 * agrees with one moment of the log; each begins a log that does not exist. And
 * nothing is read or written for a caller whose term is not the shard's: it is
 * told `Fenced`. A `Failure` of an append leaves open whether it happened.
 */
import type { Failure } from "@weir/core/Failure"
import type { Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { Context, Data, type Effect, type Exit } from "effect"
import type { KnownId } from "../domain/DedupeWindow.ts"
import type { Head, Page, PageLimits, Resumed } from "../domain/Page.ts"

export interface ChannelOf {
  readonly channel: string
  readonly namespace: Namespace
  /** The caller's term for the channel's shard. */
  readonly term: number
}

/** The shard is owned under another term; 0: its record is lost. */
export class Fenced extends Data.TaggedError("Fenced")<{ readonly term: number }> {}

export interface Append extends ChannelOf {
  /** The head that the first entry follows. */
  readonly after: Position
  /**
   * In a row, of the head's epoch. Each keeps the term that it was first written
   * under, also when it is written again after the store has lost it.
   */
  readonly entries: ReadonlyArray<EncodedPublication>
}

export type AppendResult =
  /** `durable`: as many replicas have it as the namespace asks for. */
  | { readonly _tag: "Appended"; readonly durable: boolean }
  /** Nothing was appended: these entries, by index, are known under the given positions. */
  | {
      readonly _tag: "Duplicates"
      readonly positions: ReadonlyMap<number, Position>
      readonly durable: boolean
    }
  /** Nothing was appended: the head is another one, or there is no log any more. */
  | { readonly _tag: "Mismatch"; readonly head: Position | undefined }

/** Calls `decided` once, and maybe at once. */
export type AppendThen = (
  append: Append,
  nowMillis: number,
  decided: (exit: Exit.Exit<AppendResult, Failure | Fenced>) => void
) => void

/** What one owner leaves to the next. */
export interface Left {
  readonly head: Position
  /** The newest message ids, so that a publisher's retry is known. */
  readonly ids: ReadonlyArray<KnownId>
}

/** Where a page begins. */
export type From =
  | { readonly _tag: "After"; readonly offset: number }
  /** The newest first, from before this offset; 0: from the head. */
  | { readonly _tag: "Before"; readonly offset: number }
  /** A page that is too small for so many holds the oldest of them: read on from there. */
  | { readonly _tag: "Last"; readonly count: number }
  | { readonly _tag: "SinceTime"; readonly millis: number }

export class LogStore extends Context.Service<
  LogStore,
  {
    readonly append: (append: Append) => Effect.Effect<AppendResult, Failure | Fenced>
    /** The same without a fiber, for the channels of a namespace, where that can be. */
    readonly appendThen?: ((namespace: Namespace) => AppendThen | undefined) | undefined
    readonly head: (channel: ChannelOf) => Effect.Effect<Head, Failure | Fenced>
    /** Judges a position and reads what it is owed. */
    readonly resume: (
      channel: ChannelOf,
      since: Position,
      limits: PageLimits
    ) => Effect.Effect<Resumed, Failure | Fenced>
    readonly read: (
      channel: ChannelOf,
      from: From,
      limits: PageLimits
    ) => Effect.Effect<Page, Failure | Fenced>
    /** Ends the log of this epoch, if it is still that one, and begins another. */
    readonly renew: (channel: ChannelOf, epoch: string) => Effect.Effect<Head, Failure | Fenced>
    /** Lets go of what is too old: of a channel in use that nobody publishes to. */
    readonly trim: (channel: string) => Effect.Effect<void>
    /** The owner has no more use for the log. True: it held nothing here, and is gone. */
    readonly forget: (channel: string) => Effect.Effect<boolean>
    /** The shard is another owner's now: lets go of what is kept here for its channel. */
    readonly release: (channel: string) => Effect.Effect<void>
    /** Of a channel without history, kept by its owner alone: what the next owner needs. */
    readonly leave: (channel: ChannelOf) => Effect.Effect<Left>
    /** Goes on where another owner left such a channel, and keeps what is appended in the next second. */
    readonly adopt: (channel: ChannelOf, left: Left) => Effect.Effect<void>
  }
>()("weir/router/LogStore") {}
