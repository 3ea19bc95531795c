/**
 * LaneItems: what arrives on a lane, and what it does to the feeds.
 *
 * Only items of channels that are read on this very lane are looked at. An item that
 * does not follow what was passed on has the channel attached again: its owner knows.
 */
import type { GapReason, Position } from "@weir/core/Position"
import { type Gap, Signal } from "@weir/proto/client/v1/client"
import type { Attached, Beacon, LaneItem } from "@weir/proto/mesh/v1/router"
import { type LaneReader, readLaneMessage } from "@weir/wire/LaneMessage"
import { decodePublication, type EncodedPublication } from "@weir/wire/Publications"
import type { OpenLane } from "./Attachment.ts"
import type { Attachments } from "./Attachments.ts"
import type { ChannelFeed } from "./ChannelFeed.ts"
import { beaconRepairs } from "./ConnectorMetrics.ts"
import type { Feeds } from "./Feeds.ts"
import { tellGap } from "./Replay.ts"
import { giveSignal } from "./Signals.ts"

/** What the router counts for an item without data. */
const controlBytes = 128

const moveFeed = (feed: ChannelFeed, reason: GapReason, position: Position) => {
  feed.moveTo(position, reason, (subscription, cursor) => {
    if (!subscription.connection.isClear) return false
    tellGap(subscription, reason, cursor, position)
    return true
  })
}

/** Publications of one channel in a row, which are given on as one. */
interface Run {
  readonly entries: Array<EncodedPublication>
  bytes: number
}

/** A run that has grown to this is given on: a client that falls behind has to take it as one. */
const runBytes = 64 * 1024

/**
 * Takes in what a lane has brought in one turn; returns what it cost of its credit, in bytes.
 * Within a channel the order is kept; between channels none is promised, so that all that has
 * come for one is encoded and written together.
 */
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

  const onSignal = (lane: OpenLane, bytes: Uint8Array) => {
    const signal = Signal.decode(bytes)
    if (!attachments.reads(lane, signal.channel)) return
    const feed = feeds.get(signal.channel)
    if (feed !== undefined) giveSignal(feed, signal, Date.now())
  }

  const onPublications = (channel: string, entries: ReadonlyArray<EncodedPublication>) => {
    const feed = feeds.get(channel)
    if (feed?.position === undefined) return
    const { hole, next } = feed.accept(entries)
    if (next.length > 0) feed.deliver(next, Date.now())
    if (hole) attachments.repair(channel)
  }

  const onItem = (lane: OpenLane, item: NonNullable<LaneItem["item"]>) => {
    switch (item.$case) {
      case "attached":
        return onAttached(lane, item.value)
      case "refused":
        return attachments.refused(lane, item.value)
      case "moved":
        return attachments.moved(lane, item.value)
      case "signal":
        return onSignal(lane, item.value)
      case "gap":
        return attachments.reads(lane, item.value.channel) ? onGap(item.value) : undefined
      case "beacon":
        return attachments.reads(lane, item.value.channel) ? onBeacon(item.value) : undefined
      default:
        return
    }
  }

  return (lane: OpenLane, messages: ReadonlyArray<Uint8Array>): number => {
    let bytes = 0
    const runs = new Map<string, Run>()
    const flush = () => {
      for (const [channel, { entries }] of runs) onPublications(channel, entries)
      runs.clear()
    }
    const add = (entry: EncodedPublication) => {
      const { channel } = entry.publication
      let run = runs.get(channel)
      if (run === undefined) {
        if (!attachments.reads(lane, channel)) return
        run = { entries: [], bytes: 0 }
        runs.set(channel, run)
      }
      run.entries.push(entry)
      run.bytes += entry.bytes.byteLength
      if (run.bytes < runBytes) return
      runs.delete(channel)
      onPublications(channel, run.entries)
    }
    const reader: LaneReader = {
      onPublication: (publication) => {
        bytes += publication.byteLength
        add(decodePublication(publication))
      },
      onItem: (item) => {
        bytes += item.$case === "signal" ? item.value.byteLength : controlBytes
        // It may concern any of them, and what came before it comes before it.
        flush()
        onItem(lane, item)
      }
    }
    for (const message of messages) readLaneMessage(message, reader)
    flush()
    return bytes
  }
}
