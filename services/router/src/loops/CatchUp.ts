/**
 * CatchUp: reads followers that are not live from the log until they meet the head.
 *
 * Two fibers for each lane, so that a log that hangs holds up nobody who needs none. They judge what a connector said it has, replay what is
 * missing, and make the follower live in the same turn in which its cursor
 * has reached what the lanes were given: no publication can slip between.
 */
import { deliversLatest } from "@weir/core/Namespace"
import { isOtherLog, type Position } from "@weir/core/Position"
import { monotonicMs } from "@weir/flow/Monotonic"
import { Clock, Effect, Queue } from "effect"
import type { ChannelReader } from "../ChannelReader.ts"
import { pageBytes, type Resumed } from "../domain/Page.ts"
import type { Follower, Lane } from "../Lane.ts"
import type { OwnedChannel } from "../OwnedChannel.ts"

/** What is read from the log, and what its owner alone keeps. */
export const kinds = ["logged", "unlogged"] as const

/** Publications of one page; small, so that one channel does not hold up the others. */
const pageSize = 256

/** Followers read at once: a log that answers slowly for one does not hold up the others. */
const readsAtOnce = 16

/** How long to let the log recover before it is asked again for the same follower. */
const retryAfterMs = 200

const pushPage = (lane: Lane, follower: Follower, channel: OwnedChannel, page: Resumed) => {
  const { reason } = page.verdict
  if (isOtherLog(reason)) return lane.pushGap(follower, reason, page.head)
  if (deliversLatest(channel.namespace)) {
    // What lies between is not owed to anybody.
    follower.cursor = page.before
  } else if (page.next > follower.cursor!.offset + 1) {
    lane.pushGap(follower, channel.namespace.logged ? "trimmed" : "dropped", page.before)
  }
  lane.pushAll(follower, page.entries)
}

const attachAtHead = (lane: Lane, follower: Follower, position: Position, reason = "") => {
  lane.pushAttached(follower, { position, recovered: reason === "", reason })
  follower.cursor = position
}

const serve = Effect.fnUntraced(function* (
  lane: Lane,
  follower: Follower,
  channel: OwnedChannel,
  reader: ChannelReader
) {
  const { cursor } = follower
  const { lives } = channel
  let head: Position
  if (cursor === undefined) {
    head = (yield* reader.head(channel)).head
    if (!lane.isCurrent(follower)) return
    attachAtHead(lane, follower, head)
  } else {
    const limits = { limit: pageSize, maxBytes: pageBytes }
    const page = yield* reader.resume(channel, cursor, limits)
    // Of a log that has since turned out to be another one it proves nothing.
    if (!lane.isCurrent(follower) || channel.lives !== lives) return
    head = page.head
    if (follower.state === "judging" && isOtherLog(page.verdict.reason)) {
      attachAtHead(lane, follower, page.head, page.verdict.reason)
    } else {
      if (follower.state === "judging") {
        lane.pushAttached(follower, { position: page.head, recovered: true, reason: "" })
      }
      pushPage(lane, follower, channel, page)
    }
  }
  // The lanes have been given up to the channel's head, which may trail the log's by an append.
  const given = channel.head?.epoch === head.epoch ? channel.head : head
  if (follower.cursor!.offset >= given.offset) lane.goLive(follower)
})

export const run = Effect.fnUntraced(function* (
  lane: Lane,
  kind: (typeof kinds)[number],
  wakes: Queue.Queue<void>,
  channelOf: (name: string) => OwnedChannel | undefined,
  reader: ChannelReader
) {
  const clock = yield* Clock.Clock
  /** Those whose log could not be read, and when to ask again. */
  const retryAt = new Map<Follower, number>()

  const servable = () => {
    const now = monotonicMs(clock)
    return lane.servable().flatMap((follower) => {
      const channel = channelOf(follower.channel)
      if (channel?.namespace.logged !== (kind === "logged")) return []
      // While its shard is being taken it waits: the lane is woken then.
      if (channel.shard.state !== "owned" || now < (retryAt.get(follower) ?? 0)) return []
      return [{ follower, channel }]
    })
  }

  const serveOne = ({ follower, channel }: ReturnType<typeof servable>[number]) =>
    serve(lane, follower, channel, reader).pipe(
      Effect.tap(() => Effect.sync(() => retryAt.delete(follower))),
      // It is told so on the lane by whoever gave the shard up.
      Effect.catchTag("Moved", () => Effect.void),
      Effect.catchTag("Failure", (refused) => {
        retryAt.set(follower, monotonicMs(clock) + retryAfterMs)
        return Effect.logDebug("cannot read the log for a lane; trying again", {
          channel: follower.channel,
          why: refused.message
        })
      })
    )

  while (true) {
    const some = servable()
    if (some.length > 0) {
      yield* Effect.forEach(some, serveOne, { concurrency: readsAtOnce, discard: true })
      continue
    }
    for (const follower of retryAt.keys()) {
      if (!lane.isCurrent(follower)) retryAt.delete(follower)
    }
    const woken = Queue.take(wakes)
    if (retryAt.size === 0) yield* woken
    else yield* Effect.timeoutOption(woken, retryAfterMs)
  }
})
