/**
 * RedisLogStore: logs of channels with history in Redis, each step one script; those
 * of channels without stay with their owner, in memory.
 *
 * Ages are judged by the owner's clock, which also wrote `publishedAt`. What Redis
 * lets go of by itself it lets go of late, so that no step of a clock costs anything:
 * until then the floor and the turns of the ids say what is gone.
 */
import type { Failure } from "@weir/core/Failure"
import { deliversLatest, type Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import { monotonicMs } from "@weir/flow/Monotonic"
import { type Argument, Redis, type Reply } from "@weir/redis/Redis"
import type { RedisFailure } from "@weir/redis/RedisFailure"
import type { Script } from "@weir/redis/Script"
import { Clock, Effect, Layer } from "effect"
import { dedupeKey } from "../domain/DedupeWindow.ts"
import type { PageLimits } from "../domain/PageLimits.ts"
import { decide } from "../domain/Resume.ts"
import { newEpoch } from "../ports/Epoch.ts"
import {
  type Append,
  type AppendResult,
  type ChannelOf,
  Fenced,
  type From,
  LogStore
} from "../ports/LogStore.ts"
import { makeMemory } from "../ports/MemoryLogStore.ts"
import { DedupeTurns } from "./DedupeTurns.ts"
import * as Replies from "./LogReplies.ts"
import { appendScript, pageScript, renewScript } from "./LogScripts.ts"
import { channelKeys } from "./ShardKeys.ts"
import { makeUnavailable } from "./Unavailable.ts"

const hourMs = 3_600_000
const streamExpiry = ({ historyAgeMs }: Namespace) => historyAgeMs + 2 * hourMs
const metaExpiry = ({ historyAgeMs }: Namespace) => Math.max(4 * historyAgeMs, 7 * 24 * hourMs)
const dedupeExpiry = ({ dedupeMs }: Namespace) => 2 * dedupeMs + 2 * hourMs

const appendArguments = (append: Append, now: number, turns: number): ReadonlyArray<Argument> => {
  const { after, entries, namespace, term } = append
  const args: Array<Argument> = [term, after.epoch, after.offset, after.term]
  args.push(namespace.historySize, namespace.historyBytes, now - namespace.historyAgeMs)
  args.push(streamExpiry(namespace), metaExpiry(namespace), dedupeExpiry(namespace), turns)
  for (const { bytes, publication } of entries) {
    const { messageId, position, publishedAt, publisher } = publication
    args.push(messageId === "" ? "" : dedupeKey(publisher, messageId))
    args.push(position.term, publishedAt, bytes)
  }
  return args
}

type Begins = readonly [
  kind: "after" | "before" | "last" | "newest" | "since",
  value: number,
  epoch: string
]

const beginsFrom = (from: From): Begins => {
  switch (from._tag) {
    case "After":
      return ["after", from.offset, ""]
    case "Before":
      return ["before", from.offset, ""]
    case "Last":
      return ["last", from.count, ""]
    case "SinceTime":
      return ["since", from.millis, ""]
  }
}

/** What a position is owed if it is one of the log; the rest is decided once it is read. */
const beginsSince = (since: Position, namespace: Namespace): Begins =>
  deliversLatest(namespace) ? ["newest", 0, since.epoch] : ["after", since.offset, since.epoch]

const nothing: PageLimits = { limit: 0, maxBytes: 0 }

const make = Effect.gen(function* () {
  const redis = yield* Redis
  const memory = makeMemory().store
  const turns = new DedupeTurns()
  const unavailable = makeUnavailable()

  const answered = <A extends { readonly reply: Reply }>(
    answer: Effect.Effect<A, RedisFailure>
  ): Effect.Effect<A, Failure | Fenced> =>
    answer.pipe(
      Effect.catch(unavailable),
      Effect.tap(({ reply }) => {
        const term = Replies.fencedBy(reply)
        return term === undefined ? Effect.void : Effect.fail(new Fenced({ term }))
      })
    )
  const run = (script: Script, channel: string, args: ReadonlyArray<Argument>) =>
    redis.run(script, channelKeys(channel), args).pipe(
      Effect.map((reply) => ({ reply })),
      answered,
      Effect.map(({ reply }) => reply)
    )

  const append = Effect.fnUntraced(function* (
    append: Append
  ): Effect.fn.Return<AppendResult, Failure | Fenced> {
    const { channel, namespace } = append
    const now = yield* Clock.currentTimeMillis
    // Counted before it is known to have happened: made twice, it would forget too early.
    const due = turns.take(channel, namespace.dedupeMs, monotonicMs(yield* Clock.Clock))
    const args = appendArguments(append, now, due.count)
    const wanted = namespace.durableReplicas
    const { replicas, reply } = yield* answered(
      wanted === 0
        ? Effect.map(redis.run(appendScript, channelKeys(channel), args), (reply) => ({
            reply,
            replicas: 0
          }))
        : redis.runDurably(appendScript, channelKeys(channel), args, wanted)
    )
    const result = Replies.appendResult(reply, replicas >= wanted)
    if (result._tag !== "Appended") due.giveBack()
    return result
  })

  const page = Effect.fnUntraced(function* (
    { channel, namespace, term }: ChannelOf,
    [kind, value, epoch]: Begins,
    { limit, maxBytes }: PageLimits
  ) {
    const { historyAgeMs, historyBytes, historySize } = namespace
    const oldest = (yield* Clock.currentTimeMillis) - historyAgeMs
    const bounds = [metaExpiry(namespace), historySize, historyBytes, oldest]
    const args = [term, newEpoch(), ...bounds, kind, value, limit, maxBytes, epoch]
    return Replies.pageOf(yield* run(pageScript, channel, args))
  })

  return LogStore.of({
    append: (asked) => (asked.namespace.logged ? append(asked) : memory.append(asked)),
    head: (where) =>
      where.namespace.logged
        ? Effect.map(page(where, ["newest", 0, ""], nothing), ({ head, publishedAt }) => ({
            head,
            publishedAt
          }))
        : memory.head(where),
    resume: (where, since, limits) => {
      const { namespace } = where
      if (!namespace.logged) return memory.resume(where, since, limits)
      return Effect.map(page(where, beginsSince(since, namespace), limits), (read) => {
        const { before, floor, head } = read
        const verdict = decide(since, {
          head,
          floor,
          termAt: (offset) => (offset === before?.offset ? before.term : undefined),
          latestOnly: deliversLatest(namespace)
        })
        const owed = verdict.next > head.offset ? { ...read, entries: [] } : read
        return { verdict, ...Replies.forwards(owed) }
      })
    },
    read: (where, from, limits) => {
      if (!where.namespace.logged) return memory.read(where, from, limits)
      const finish = from._tag === "Before" ? Replies.backwards : Replies.forwards
      return Effect.map(page(where, beginsFrom(from), limits), finish)
    },
    renew: (where, epoch) => {
      if (!where.namespace.logged) return memory.renew(where, epoch)
      const args = [where.term, newEpoch(), metaExpiry(where.namespace), epoch]
      return Effect.map(run(renewScript, where.channel, args), Replies.headOf)
    },
    // Every page is trimmed before it is read.
    trim: memory.trim,
    forget: (channel) => {
      turns.forget(channel)
      return memory.forget(channel)
    },
    release: (channel) => {
      turns.forget(channel)
      return memory.release(channel)
    },
    leave: memory.leave,
    adopt: (where, left) => (where.namespace.logged ? Effect.void : memory.adopt(where, left))
  })
})

export const layerRedis: Layer.Layer<LogStore, never, Redis> = Layer.effect(LogStore, make)
