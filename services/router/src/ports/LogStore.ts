/**
 * LogStore: where channels' logs are kept, and the one place that decides what
 * is in them.
 *
 * Promises, for every implementation. An append happens wholly or not at all,
 * and only directly after the head that the caller names. A message id that the
 * window knows is never appended twice. What `read` and `resume` return agrees
 * with one moment of the log.
 */
import type { Failure } from "@weir/core/Failure"
import type { Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { Clock, Context, Effect, Layer } from "effect"
import { ChannelLog } from "../domain/ChannelLog.ts"
import type { Verdict } from "../domain/Resume.ts"

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

export interface Page {
  readonly head: Position
  /** When the newest was published, Unix milliseconds; 0 before the first. */
  readonly publishedAt: number
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
    /** Judges a position and reads what follows it. A log that does not exist is begun. */
    readonly resume: (
      channel: ChannelOf,
      since: Position,
      limit: number
    ) => Effect.Effect<Resumed, Failure>
    readonly read: (channel: ChannelOf, from: From, limit: number) => Effect.Effect<Page, Failure>
    /** The owner has no more use for the log. True: it held nothing, and is gone. */
    readonly forget: (channel: string) => Effect.Effect<boolean>
  }
>()("weir/router/LogStore") {}

const epochOf = (): string => {
  const random = crypto.getRandomValues(new Uint32Array(2))
  return `${random[0]!.toString(36)}${random[1]!.toString(36)}`.slice(0, 8).padEnd(8, "0")
}

export const makeMemory = (term: number): LogStore["Service"] => {
  const logs = new Map<string, ChannelLog>()
  const logOf = ({ channel, namespace }: ChannelOf, now: number): ChannelLog => {
    let log = logs.get(channel)
    if (log === undefined) {
      log = new ChannelLog(namespace, { epoch: epochOf(), term, offset: 0 }, now)
      logs.set(channel, log)
    }
    return log
  }

  const page = (log: ChannelLog, next: number, limit: number, now: number): Page => {
    const entries = log.from(next, limit, now)
    const begins = entries[0]?.publication.position.offset ?? log.head.offset + 1
    return {
      head: log.head,
      publishedAt: log.publishedAt,
      next: begins,
      before: log.at(begins - 1)?.publication.position ?? { ...log.head, offset: begins - 1 },
      entries,
      more: entries.length > 0 && begins + entries.length <= log.head.offset
    }
  }

  /** The newest first: the same page, turned round. */
  const pageBefore = (log: ChannelLog, before: number, limit: number, now: number): Page => {
    const floor = log.floor(now)
    const end = before === 0 ? log.head.offset + 1 : Math.min(before, log.head.offset + 1)
    const begin = Math.max(floor, end - limit)
    const forward = page(log, begin, Math.max(0, end - begin), now)
    return { ...forward, entries: forward.entries.toReversed(), more: begin > floor }
  }

  const withNow = <A>(f: (now: number) => A): Effect.Effect<A> =>
    Effect.map(Clock.currentTimeMillis, f)

  return {
    append: ({ channel, namespace, after, entries }) =>
      withNow((now): AppendResult => {
        const log = logOf({ channel, namespace }, now)
        const positions = new Map<number, Position>()
        entries.forEach(({ publication: { messageId, publisher } }, index) => {
          if (messageId === "") return
          const found = log.dedupe.find(publisher, messageId, now)
          if (found !== undefined) positions.set(index, found)
        })
        if (positions.size > 0) return { _tag: "Duplicates", positions }
        if (after.epoch !== log.head.epoch || after.offset !== log.head.offset) {
          return { _tag: "Mismatch", head: log.head }
        }
        log.append(entries, now)
        for (const { publication } of entries) {
          const { messageId, publisher, position } = publication
          if (messageId !== "") log.dedupe.remember(publisher, messageId, position, now)
        }
        return { _tag: "Appended" }
      }),
    resume: (channel, since, limit) =>
      withNow((now) => {
        const log = logOf(channel, now)
        const verdict = log.resume(since, now)
        return { verdict, ...page(log, verdict.next, limit, now) }
      }),
    read: (channel, from, limit) =>
      withNow((now) => {
        const log = logOf(channel, now)
        switch (from._tag) {
          case "After":
            return page(log, from.offset + 1, limit, now)
          case "Before":
            return pageBefore(log, from.offset, limit, now)
          case "Last":
            return page(log, Math.max(1, log.head.offset + 1 - from.count), limit, now)
          case "SinceTime":
            return page(log, log.offsetAtTime(from.millis, now), limit, now)
        }
      }),
    forget: (channel) =>
      withNow((now) => {
        const log = logs.get(channel)
        if (log !== undefined && !log.isEmpty(now)) return false
        logs.delete(channel)
        return true
      })
  }
}

/** Logs in this process. `term` marks all that is written until the process ends. */
export const layerMemory = (term: number): Layer.Layer<LogStore> =>
  Layer.sync(LogStore, () => LogStore.of(makeMemory(term)))
