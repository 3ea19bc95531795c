/**
 * LogStore: where channels' logs are kept, and the one place that decides what
 * is in them.
 *
 * Promises, for every implementation. An append happens wholly or not at all,
 * and only directly after the head that the caller names. A message id that the
 * window knows is never appended twice. What `head`, `read` and `resume` return
 * agrees with one moment of the log; each begins a log that does not exist.
 */
import type { Failure } from "@weir/core/Failure"
import type { Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { Context, type Effect } from "effect"
import type { PageLimits } from "../domain/PageLimits.ts"
import type { Verdict } from "../domain/Resume.ts"

export { type PageLimits, pageBytes } from "../domain/PageLimits.ts"

export interface Append {
  readonly channel: string
  readonly namespace: Namespace
  /** The head that the first entry follows. */
  readonly after: Position
  /** In a row, of the head's epoch, all under the caller's term. */
  readonly entries: ReadonlyArray<EncodedPublication>
}

export type AppendResult =
  | { readonly _tag: "Appended" }
  /** Nothing was appended: these entries, by index, are known under the given positions. */
  | { readonly _tag: "Duplicates"; readonly positions: ReadonlyMap<number, Position> }
  /** Nothing was appended: the head is another one. */
  | { readonly _tag: "Mismatch"; readonly head: Position }

export interface Head {
  readonly head: Position
  /** When the newest was published, Unix milliseconds; 0 before the first. */
  readonly publishedAt: number
}

export interface Page extends Head {
  /** The offset at which the page begins, or would: after the head if it is empty. */
  readonly next: number
  /** The position just before `next`, as far as the log still knows it. */
  readonly before: Position
  readonly entries: ReadonlyArray<EncodedPublication>
  /** More is stored beyond this page. */
  readonly more: boolean
}

export interface Resumed extends Page {
  readonly verdict: Verdict
}

/** Where a page begins. */
export type From =
  | { readonly _tag: "After"; readonly offset: number }
  /** The newest first, from before this offset; 0: from the head. */
  | { readonly _tag: "Before"; readonly offset: number }
  /** A page that is too small for so many holds the oldest of them: read on from there. */
  | { readonly _tag: "Last"; readonly count: number }
  | { readonly _tag: "SinceTime"; readonly millis: number }

export interface ChannelOf {
  readonly channel: string
  readonly namespace: Namespace
}

export class LogStore extends Context.Service<
  LogStore,
  {
    readonly append: (append: Append) => Effect.Effect<AppendResult, Failure>
    readonly head: (channel: ChannelOf) => Effect.Effect<Head, Failure>
    /** Judges a position and reads what it is owed. */
    readonly resume: (
      channel: ChannelOf,
      since: Position,
      limits: PageLimits
    ) => Effect.Effect<Resumed, Failure>
    readonly read: (
      channel: ChannelOf,
      from: From,
      limits: PageLimits
    ) => Effect.Effect<Page, Failure>
    /** Lets go of what is too old: of a channel in use that nobody publishes to. */
    readonly trim: (channel: string) => Effect.Effect<void>
    /** The owner has no more use for the log. True: it held nothing, and is gone. */
    readonly forget: (channel: string) => Effect.Effect<boolean>
  }
>()("weir/router/LogStore") {}
