/**
 * RedisLogStore: logs of channels with history in Redis, each step one script; those
 * of channels without stay with their owner, in memory.
 *
 * Ages are judged by the owner's clock, which also wrote `publishedAt`. What Redis
 * lets go of by itself it lets go of late, so that no step of a clock costs anything:
 * until then the floor and the turns of the ids say what is gone.
 */
import type { Failure } from "@weir/core/Failure"
import { messageKey } from "@weir/core/MessageKey"
import { deliversLatest, type Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import { monotonicMs } from "@weir/flow/Monotonic"
import { type Argument, Redis, type Reply } from "@weir/redis/Redis"
import type { Script } from "@weir/redis/Script"
import { Clock, Effect, Exit, FiberSet, Layer } from "effect"
import type { PageLimits } from "../domain/Page.ts"
import { decide } from "../domain/Resume.ts"
import { newEpoch } from "../ports/Epoch.ts"
import {
  type Append,
  type AppendResult,
  type AppendThen,
  type ChannelOf,
  Fenced,
  type From,
  LogStore
} from "../ports/LogStore.ts"
import { makeMemory } from "../ports/MemoryLogStore.ts"
import { toBlocks } from "./LogBlocks.ts"
import * as Replies from "./LogReplies.ts"
import { appendScript, pageScript, renewScript } from "./LogScripts.ts"
import { channelKeys } from "./ShardKeys.ts"
import { makeUnavailable } from "./Unavailable.ts"
import { type Due, Upkeep } from "./Upkeep.ts"

const hourMs = 3_600_000
const streamExpiry = ({ historyAgeMs }: Namespace) => historyAgeMs + 2 * hourMs
const metaExpiry = ({ historyAgeMs }: Namespace) => Math.max(4 * historyAgeMs, 7 * 24 * hourMs)
const dedupeExpiry = ({ dedupeMs }: Namespace) => 2 * dedupeMs + 2 * hourMs

const appendArguments = (append: Append, now: number, due: Due): ReadonlyArray<Argument> => {
  const { after, entries, namespace, term } = append
  const blocks = toBlocks(entries)
  let ids = 0
  for (const { publication } of entries) if (publication.messageId !== "") ids++
  const head = `${blocks.length} ${ids} ${term} ${after.epoch} ${after.offset} ${after.term}`
  const bounds = `${namespace.historySize} ${namespace.historyBytes} ${now - namespace.historyAgeMs}`
  const expiries = `${streamExpiry(namespace)} ${metaExpiry(namespace)} ${dedupeExpiry(namespace)}`
  const args: Array<Argument> = [
    `${head} ${bounds} ${expiries} ${due.expiries ? 1 : 0} ${due.turns}`
  ]
  for (const { bytes, ends, lastOffset, publishedAt, term } of blocks) {
    args.push(lastOffset, term, publishedAt, ends, bytes)
  }
  if (ids === 0) return args
  for (const { publication } of entries) {
    const { messageId, position, publisher } = publication
    if (messageId === "") continue
    args.push(messageKey(publisher, messageId), Replies.formatPosition(position))
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
  const upkeep = new Upkeep()
  const unavailable = makeUnavailable()

  const unlessFenced = (reply: Reply): Exit.Exit<Reply, Fenced> => {
    const term = Replies.fencedBy(reply)
    return term === undefined ? Exit.succeed(reply) : Exit.fail(new Fenced({ term }))
  }
  const run = (script: Script, channel: string, args: ReadonlyArray<Argument>) =>
    redis
      .run(script, channelKeys(channel), args)
      .pipe(Effect.catch(unavailable), Effect.flatMap(unlessFenced))

  const clock = yield* Clock.Clock
  const runFork = yield* FiberSet.makeRuntime<never, void, never>()

  /** What an append is to do besides, and what to do once it is answered. */
  const prepare = (append: Append, nowMillis: number) => {
    const { channel, entries, namespace } = append
    const now = monotonicMs(clock)
    // Turns are counted before they are known to have happened: made twice, they would forget
    // too early.
    const due = upkeep.take(channel, namespace.dedupeMs, now)
    return {
      keys: channelKeys(channel),
      args: appendArguments(append, nowMillis, due),
      resultOf: (reply: Reply, durable: boolean): Exit.Exit<AppendResult, Fenced> => {
        try {
          const owned = unlessFenced(reply)
          if (Exit.isFailure(owned)) return Exit.failCause(owned.cause)
          const result = Replies.appendResult(reply, entries, durable)
          if (result._tag === "Appended") upkeep.made(channel, due, now)
          else upkeep.giveBack(channel, due)
          return Exit.succeed(result)
        } catch (defect) {
          // An answer that is none of ours: this channel's trouble, and not that of all together.
          return Exit.die(defect)
        }
      }
    }
  }

  const appendThen: AppendThen = (append, nowMillis, decided) => {
    const { args, keys, resultOf } = prepare(append, nowMillis)
    redis.runTogether(appendScript, keys, args, (exit) => {
      if (Exit.isSuccess(exit)) return decided(resultOf(exit.value, true))
      const failed = Effect.catch(Effect.failCause(exit.cause), unavailable)
      runFork(Effect.map(Effect.exit(failed), decided))
    })
  }

  const appendDurably = Effect.fnUntraced(function* (
    append: Append
  ): Effect.fn.Return<AppendResult, Failure | Fenced> {
    const wanted = append.namespace.durableReplicas
    const { args, keys, resultOf } = prepare(append, clock.currentTimeMillisUnsafe())
    const answer = yield* Effect.catch(
      redis.runDurably(appendScript, keys, args, wanted),
      unavailable
    )
    const [reply] = answer.reply as ReadonlyArray<Reply>
    return yield* resultOf(reply!, answer.replicas >= wanted)
  })

  const append = (append: Append): Effect.Effect<AppendResult, Failure | Fenced> =>
    append.namespace.durableReplicas > 0
      ? appendDurably(append)
      : Effect.callback((resume) => appendThen(append, clock.currentTimeMillisUnsafe(), resume))

  const page = Effect.fnUntraced(function* (
    { channel, namespace, term }: ChannelOf,
    [kind, value, epoch]: Begins,
    { limit, maxBytes }: PageLimits
  ) {
    const { historyAgeMs, historyBytes, historySize } = namespace
    const oldest = (yield* Clock.currentTimeMillis) - historyAgeMs
    const bounds = [metaExpiry(namespace), historySize, historyBytes, oldest]
    const args = [term, newEpoch(), ...bounds, kind, value, limit, maxBytes, epoch]
    return Replies.pageOf(yield* run(pageScript, channel, args), kind === "before")
  })

  return LogStore.of({
    append: (asked) => (asked.namespace.logged ? append(asked) : memory.append(asked)),
    appendThen: (namespace) => {
      if (!namespace.logged) return memory.appendThen?.(namespace)
      return namespace.durableReplicas > 0 ? undefined : appendThen
    },
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
      upkeep.forget(channel)
      return memory.forget(channel)
    },
    release: (channel) => {
      upkeep.forget(channel)
      return memory.release(channel)
    },
    leave: memory.leave,
    adopt: (where, left) => (where.namespace.logged ? Effect.void : memory.adopt(where, left))
  })
})

export const layerRedis: Layer.Layer<LogStore, never, Redis> = Layer.effect(LogStore, make)
