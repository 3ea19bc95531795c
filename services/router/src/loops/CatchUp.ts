/**
 * CatchUp: reads followers that are not live from the log until they meet the head.
 *
 * One fiber for each lane. It judges what a connector said it has, replays what
 * is missing, and makes the follower live in the same turn in which its cursor
 * has reached what the lanes were given: no publication can slip between.
 */

import { deliversLatest } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import { Effect, Queue } from "effect"
import type { Follower, Lane } from "../Lane.ts"
import type { OwnedChannel } from "../OwnedChannel.ts"
import { LogStore, pageBytes, type Resumed } from "../ports/LogStore.ts"

/** Publications of one page; small, so that one channel does not hold up the others. */
const pageSize = 256

/** How long to let the log recover before it is asked again. */
const retryAfter = "200 millis"

const isElsewhere = ({ verdict }: Resumed): boolean =>
  verdict.reason === "epoch_changed" || verdict.reason === "rolled_back"

const pushPage = (lane: Lane, follower: Follower, channel: OwnedChannel, page: Resumed) => {
  if (isElsewhere(page)) return lane.pushGap(follower, page.verdict.reason!, page.head)
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

const serve = Effect.fnUntraced(function* (lane: Lane, follower: Follower, channel: OwnedChannel) {
  const logs = yield* LogStore
  const where = { channel: channel.name, namespace: channel.namespace }
  const { cursor } = follower
  let head: Position
  if (cursor === undefined) {
    head = (yield* logs.head(where)).head
    if (!lane.isCurrent(follower)) return
    attachAtHead(lane, follower, head)
  } else {
    const page = yield* logs.resume(where, cursor, { limit: pageSize, maxBytes: pageBytes })
    if (!lane.isCurrent(follower)) return
    head = page.head
    if (follower.state === "judging" && isElsewhere(page)) {
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
  wakes: Queue.Queue<void>,
  channelOf: (name: string) => OwnedChannel | undefined
) {
  while (true) {
    yield* Queue.take(wakes)
    for (let servable = lane.servable(); servable.length > 0; servable = lane.servable()) {
      for (const follower of servable) {
        const channel = channelOf(follower.channel)
        if (channel === undefined) continue
        yield* serve(lane, follower, channel).pipe(
          Effect.tapError((refused) =>
            Effect.logWarning("cannot read the log for a lane; trying again", {
              channel: follower.channel,
              why: refused.message
            })
          ),
          Effect.catch(() => Effect.sleep(retryAfter))
        )
      }
    }
  }
})
