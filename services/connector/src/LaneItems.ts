/**
 * LaneItems: what arrives on a lane, and what it does to the feeds.
 *
 * Only items of channels that are read on this very lane are looked at. An item that
 * does not follow what was passed on has the channel attached again: its owner knows.
 */
import type { GapReason, Position } from "@weir/core/Position"
import type { Gap } from "@weir/proto/client/v1/client"
import type { Attached, AttachResponse, Beacon } from "@weir/proto/mesh/v1/router"
import { decodePublication, type EncodedPublication } from "@weir/wire/Publications"
import type { OpenLane } from "./Attachment.ts"
import type { Attachments } from "./Attachments.ts"
import type { ChannelFeed } from "./ChannelFeed.ts"
import { beaconRepairs } from "./ConnectorMetrics.ts"
import type { Feeds } from "./Feeds.ts"
import { tellGap } from "./Replay.ts"

/** What the router counts for an item that holds no publication. */
const controlBytes = 128

const moveFeed = (feed: ChannelFeed, reason: GapReason, position: Position) => {
  feed.moveTo(position, reason, (subscription, cursor) => {
    if (!subscription.connection.isClear) return false
    tellGap(subscription, reason, cursor, position)
    return true
  })
}

/** Takes a message's items in; returns what they cost of the lane's credit, in bytes. */
export const make = (feeds: Feeds, attachments: Attachments) => {
  const onAttached = (lane: OpenLane, answer: Attached) => {
    const { attach, channel, reason, recovered } = answer
    const position = answer.position!
    const feed = attachments.attached(lane, channel, attach)
    if (feed === undefined) return
    if (feed.position === undefined) return feed.attachedAt(position)
    if (!recovered) return moveFeed(feed, reason as GapReason, position)
    // Where only the newest counts, the owner recovers everybody, also who has seen what its
    // log has lost. The newest follows, and must not look like something seen before.
    if (feed.latestOnly && feed.isPast(position)) {
      moveFeed(feed, "rolled_back", { ...position, offset: Math.max(0, position.offset - 1) })
    }
  }

  const onGap = ({ channel, position, reason }: Gap) => {
    const feed = feeds.get(channel)
    if (feed?.position !== undefined) moveFeed(feed, reason as GapReason, position!)
  }

  const onBeacon = ({ channel, position }: Beacon) => {
    if (feeds.get(channel)?.isOutdone(position!) !== true) return
    beaconRepairs.add()
    attachments.repair(channel)
  }

  const onPublications = (channel: string, entries: ReadonlyArray<EncodedPublication>) => {
    const feed = feeds.get(channel)
    if (feed?.position === undefined) return
    const { hole, next } = feed.accept(entries)
    if (next.length > 0) feed.deliver(next, Date.now())
    if (hole) attachments.repair(channel)
  }

  return (lane: OpenLane, items: AttachResponse["items"]): number => {
    let bytes = 0
    let run: Array<EncodedPublication> = []
    const flush = () => {
      const [first] = run
      if (first !== undefined) onPublications(first.publication.channel, run)
      run = []
    }
    for (const { item } of items) {
      if (item?.$case === "publication") {
        bytes += item.value.byteLength
        const entry = decodePublication(item.value)
        const { channel } = entry.publication
        if (run.length > 0 && run[0]!.publication.channel !== channel) flush()
        if (attachments.reads(lane, channel)) run.push(entry)
        continue
      }
      bytes += controlBytes
      flush()
      if (item?.$case === "attached") onAttached(lane, item.value)
      if (item?.$case === "refused") attachments.refused(lane, item.value)
      if (item?.$case === "moved") attachments.moved(lane, item.value)
      if (item?.$case === "gap" && attachments.reads(lane, item.value.channel)) onGap(item.value)
      if (item?.$case === "beacon" && attachments.reads(lane, item.value.channel)) {
        onBeacon(item.value)
      }
    }
    flush()
    return bytes
  }
}
