/**
 * MemoryLogStore: logs in this process, gone when it ends.
 *
 * Nobody else writes here, so nobody is ever `Fenced`, and what is written is as
 * durable as it will be.
 */
import type { Position } from "@weir/core/Position"
import { Clock, Effect, Exit, Layer } from "effect"
import { ChannelLog } from "../domain/ChannelLog.ts"
import type { Page, PageLimits } from "../domain/Page.ts"
import { newEpoch } from "./Epoch.ts"
import { type Append, type AppendResult, type ChannelOf, LogStore } from "./LogStore.ts"

/** Message ids of a channel that its next owner is told: some 20 KB, seconds of a busy one. */
const idsLeft = 256

export interface MemoryLogStore {
  readonly store: LogStore["Service"]
  /** How many logs there are. */
  readonly size: () => number
}

/** Before the first nothing was written, so any term will do. */
const beforeOf = (log: ChannelLog, next: number): Position =>
  (next > 1 ? log.positionAt(next - 1) : undefined) ?? { ...log.head, offset: next - 1 }

const pageAt = (log: ChannelLog, next: number): Omit<Page, "entries" | "more"> => ({
  head: log.head,
  publishedAt: log.publishedAt,
  next,
  before: beforeOf(log, next)
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

const headOf = ({ head, publishedAt }: ChannelLog) => ({ head, publishedAt })

export const makeMemory = (): MemoryLogStore => {
  const logs = new Map<string, ChannelLog>()

  const begin = ({ channel, namespace }: ChannelOf, start: Position, now: number): ChannelLog => {
    const log = new ChannelLog(namespace, start, now)
    logs.set(channel, log)
    return log
  }
  const beginAnew = (where: ChannelOf, now: number): ChannelLog =>
    begin(where, { epoch: newEpoch(), term: where.term, offset: 0 }, now)
  const logOf = (where: ChannelOf, now: number): ChannelLog =>
    logs.get(where.channel) ?? beginAnew(where, now)

  const withNow = <A>(f: (now: number) => A): Effect.Effect<A> =>
    Effect.map(Clock.currentTimeMillis, f)

  const append = ({ channel, after, entries }: Append, now: number): AppendResult => {
    const log = logs.get(channel)
    if (log === undefined) return { _tag: "Mismatch", head: undefined }
    const { head } = log
    const positions = new Map<number, Position>()
    entries.forEach(({ publication: { messageId, publisher } }, index) => {
      if (messageId === "") return
      const known = log.known(publisher, messageId, now)
      if (known !== undefined) positions.set(index, known)
    })
    if (positions.size > 0) return { _tag: "Duplicates", positions, durable: true }
    const isHead =
      after.epoch === head.epoch && after.offset === head.offset && after.term === head.term
    if (!isHead) return { _tag: "Mismatch", head }
    log.append(entries, now)
    for (const { publication } of entries) {
      const { messageId, publisher, position } = publication
      if (messageId !== "") log.dedupe.remember(publisher, messageId, position, now)
    }
    return { _tag: "Appended", durable: true }
  }

  const store: LogStore["Service"] = {
    append: (asked) => withNow((now) => append(asked, now)),
    appendThen: () => (asked, now, decided) => decided(Exit.succeed(append(asked, now))),
    head: (where) => withNow((now) => headOf(logOf(where, now))),
    resume: (where, since, limits) =>
      withNow((now) => {
        const log = logOf(where, now)
        const verdict = log.resume(since, now)
        return { verdict, ...page(log, verdict.next, limits, now) }
      }),
    read: (where, from, limits) =>
      withNow((now) => {
        const log = logOf(where, now)
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
    renew: (where, epoch) =>
      withNow((now) => {
        const log = logOf(where, now)
        return headOf(log.head.epoch === epoch ? beginAnew(where, now) : log)
      }),
    trim: (channel) => withNow((now) => logs.get(channel)?.trim(now)),
    forget: (channel) =>
      withNow((now) => {
        const log = logs.get(channel)
        if (log !== undefined && !log.isEmpty(now)) return false
        logs.delete(channel)
        return true
      }),
    release: (channel) => Effect.sync(() => void logs.delete(channel)),
    leave: (where) =>
      withNow((now) => {
        const { dedupe, head } = logOf(where, now)
        return { head, ids: dedupe.newest(idsLeft) }
      }),
    adopt: (where, { head, ids }) =>
      withNow((now) => {
        const present = logs.get(where.channel)?.head
        // Told twice, the second time after this owner has written on.
        if (present?.epoch === head.epoch && present.offset >= head.offset) return
        const log = begin(where, head, now)
        log.hold(now)
        for (const id of ids) log.dedupe.learn(id, now)
      })
  }
  return { store, size: () => logs.size }
}

/** Logs in this process. */
export const layerMemory: Layer.Layer<LogStore> = Layer.sync(LogStore, () => makeMemory().store)
