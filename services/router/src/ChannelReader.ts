/**
 * ChannelReader: answers from a channel's log that hold.
 *
 * A log that has just lost its tail would say of a true position that it was
 * rolled back, though the owner is about to write the tail again. So what the
 * log says is held against what the owner knows, and mended first.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Position } from "@weir/core/Position"
import { Clock, Effect } from "effect"
import type { Moved } from "./domain/Moved.ts"
import type { Head, Page, PageLimits, Resumed } from "./domain/Page.ts"
import { resumeFromRecent } from "./domain/RecentResume.ts"
import type { OwnedChannel } from "./OwnedChannel.ts"
import type { Ownership } from "./Ownership.ts"
import { type ChannelOf, type Fenced, type From, LogStore } from "./ports/LogStore.ts"

/** For a shard that is being taken, and for a log that is being mended. */
const patience = "1 second"

/** In which an append that is in the log is known to be. */
const inFlightPause = "20 millis"

/** Each is a fence or a loss that was found; more in a row is not the log's normal life. */
const maxTries = 5

type Read<A> = Effect.Effect<A, Failure | Moved>

export interface ChannelReader {
  readonly head: (channel: OwnedChannel) => Read<Head>
  readonly resume: (channel: OwnedChannel, since: Position, limits: PageLimits) => Read<Resumed>
  readonly read: (channel: OwnedChannel, from: From, limits: PageLimits) => Read<Page>
}

export const make = Effect.fnUntraced(function* (
  ownership: Ownership,
  startDrain: (channel: OwnedChannel) => void
): Effect.fn.Return<ChannelReader, never, LogStore> {
  const logs = yield* LogStore
  const clock = yield* Clock.Clock

  /**
   * While we own it, it is where we left it: nothing is acknowledged that is not delivered.
   */
  const isCertain = ({ head, isDoubtful, namespace, shard }: OwnedChannel): boolean =>
    head !== undefined &&
    shard.state === "owned" &&
    !isDoubtful &&
    (!namespace.logged || ownership.isAlive())

  const untilOwned = ({ shard }: OwnedChannel): Read<void> => {
    if (shard.state === "owned") return Effect.void
    const moved = Effect.suspend(() => Effect.fail(ownership.moved(shard)))
    if (!ownership.isOurs(shard)) return moved
    return Effect.timeoutOrElse(shard.whenOwned, { duration: patience, orElse: () => moved })
  }

  const untilSettled = (channel: OwnedChannel): Read<void> => {
    if (!channel.isDoubtful) return Effect.void
    startDrain(channel)
    return Effect.timeoutOrElse(channel.settled.await, {
      duration: patience,
      orElse: () => Effect.fail(failure("unavailable", "the channel's log is being checked", 500))
    })
  }

  /**
   * What is beyond the owner's head is being appended, and may be lost before that is known.
   * Whoever had read it would hold a position that another publication is given later.
   */
  const isAhead = (channel: OwnedChannel, head: Position): boolean =>
    channel.head !== undefined && head.offset > channel.head.offset

  const onLog = Effect.fnUntraced(function* <A extends Head>(
    channel: OwnedChannel,
    ask: (where: ChannelOf) => Effect.Effect<A, Failure | Fenced>
  ): Effect.fn.Return<A, Failure | Moved> {
    for (let tries = 0; tries < maxTries; tries++) {
      yield* untilOwned(channel)
      yield* untilSettled(channel)
      if (channel.namespace.logged && !ownership.isAlive()) break
      const { where } = channel
      const answer = yield* Effect.catchTag(ask(where), "Fenced", (fenced) => {
        ownership.fenced(channel.shard, where.term, fenced.term)
        return Effect.succeed(undefined)
      })
      if (answer === undefined) continue
      if (channel.disagrees(answer.head)) {
        channel.doubt()
      } else if (isAhead(channel, answer.head)) {
        yield* Effect.sleep(inFlightPause)
        if (isAhead(channel, answer.head)) channel.doubt()
      } else {
        return answer
      }
    }
    return yield* failure("unavailable", "the channel's log is not available", 500)
  })

  return {
    head: (channel) =>
      isCertain(channel)
        ? Effect.succeed({ head: channel.head!, publishedAt: channel.publishedAt })
        : onLog(channel, logs.head),
    resume: (channel, since, limits) => {
      // A crowd that was away for seconds: what it is owed is still in memory, and the log is
      // left to those who publish. Only a yes may come from here.
      const remembered = isCertain(channel)
        ? resumeFromRecent(channel, since, limits, clock.currentTimeMillisUnsafe())
        : undefined
      return remembered === undefined
        ? onLog(channel, (where) => logs.resume(where, since, limits))
        : Effect.succeed(remembered)
    },
    read: (channel, from, limits) => onLog(channel, (where) => logs.read(where, from, limits))
  }
})
