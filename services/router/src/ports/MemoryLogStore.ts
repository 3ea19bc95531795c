/**
 * MemoryLogStore: logs in this process, gone when it ends.
 */
import type { Position } from "@weir/core/Position"
import { Clock, Effect, Layer } from "effect"
import { ChannelLog } from "../domain/ChannelLog.ts"
import type { PageLimits } from "../domain/PageLimits.ts"
import { type AppendResult, type ChannelOf, LogStore, type Page } from "./LogStore.ts"

export interface MemoryLogStore {
  readonly store: LogStore["Service"]
  /** How many logs there are. */
  readonly size: () => number
}

const epochOf = (): string => {
  const random = crypto.getRandomValues(new Uint32Array(2))
  return `${random[0]!.toString(36)}${random[1]!.toString(36)}`.slice(0, 8).padEnd(8, "0")
}

const pageAt = (log: ChannelLog, next: number): Omit<Page, "entries" | "more"> => ({
  head: log.head,
  publishedAt: log.publishedAt,
  next,
  before: log.positionAt(next - 1) ?? { ...log.head, offset: next - 1 }
})

const page = (log: ChannelLog, next: number, limits: PageLimits, now: number): Page => {
  const entries = log.from(next, limits, now)
  const begins = entries[0]?.publication.position.offset ?? log.head.offset + 1
  const more = entries.length > 0 && begins + entries.length <= log.head.offset
  return { ...pageAt(log, begins), entries, more }
}

/** The newest first. */
const pageBefore = (log: ChannelLog, before: number, limits: PageLimits, now: number): Page => {
  const entries = log.before(before === 0 ? log.head.offset + 1 : before, limits, now)
  const begins = entries.at(-1)?.publication.position.offset ?? log.head.offset + 1
  return { ...pageAt(log, begins), entries, more: entries.length > 0 && begins > log.floor(now) }
}

/** `term` marks the beginning of every log. */
export const makeMemory = (term: number): MemoryLogStore => {
  const logs = new Map<string, ChannelLog>()
  const logOf = ({ channel, namespace }: ChannelOf, now: number): ChannelLog => {
    let log = logs.get(channel)
    if (log === undefined) {
      log = new ChannelLog(namespace, { epoch: epochOf(), term, offset: 0 }, now)
      logs.set(channel, log)
    }
    return log
  }

  const withNow = <A>(f: (now: number) => A): Effect.Effect<A> =>
    Effect.map(Clock.currentTimeMillis, f)

  const store: LogStore["Service"] = {
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
    head: (channel) =>
      withNow((now) => {
        const { head, publishedAt } = logOf(channel, now)
        return { head, publishedAt }
      }),
    resume: (channel, since, limits) =>
      withNow((now) => {
        const log = logOf(channel, now)
        const verdict = log.resume(since, now)
        return { verdict, ...page(log, verdict.next, limits, now) }
      }),
    read: (channel, from, limits) =>
      withNow((now) => {
        const log = logOf(channel, now)
        switch (from._tag) {
          case "After":
            return page(log, from.offset + 1, limits, now)
          case "Before":
            return pageBefore(log, from.offset, limits, now)
          case "Last":
            return page(log, Math.max(1, log.head.offset + 1 - from.count), limits, now)
          case "SinceTime":
            return page(log, log.offsetAtTime(from.millis, now), limits, now)
        }
      }),
    trim: (channel) => withNow((now) => logs.get(channel)?.trim(now)),
    forget: (channel) =>
      withNow((now) => {
        const log = logs.get(channel)
        if (log !== undefined && !log.isEmpty(now)) return false
        logs.delete(channel)
        return true
      })
  }
  return { store, size: () => logs.size }
}

/** Logs in this process. `term` marks all that is written until the process ends. */
export const layerMemory = (term: number): Layer.Layer<LogStore> =>
  Layer.sync(LogStore, () => makeMemory(term).store)
