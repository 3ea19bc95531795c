/**
 * Evidence: a history sorted by channel, and what belongs to none.
 */
import type { Exited, HistoryEvent, Own } from "../history/History.ts"
import { ChannelHistory, type Line } from "./ChannelHistory.ts"

export interface Evidence {
  readonly channels: ReadonlyMap<string, ChannelHistory>
  /** In their order. */
  readonly nodes: ReadonlyArray<Own | Exited>
  readonly faults: number
}

/** The events in their order. */
export const evidenceOf = (events: ReadonlyArray<HistoryEvent>): Evidence => {
  const channels = new Map<string, ChannelHistory>()
  /** A connection carries many channels; its end is an event of each. */
  const linesOf = new Map<string, Array<Line>>()
  const nodes: Array<Own | Exited> = []
  let faults = 0
  const channelOf = (name: string) => {
    const known = channels.get(name)
    if (known !== undefined) return known
    const channel = new ChannelHistory(name, (line) => {
      const lines = linesOf.get(line.subscriber)
      if (lines === undefined) linesOf.set(line.subscriber, [line])
      else lines.push(line)
    })
    channels.set(name, channel)
    return channel
  }
  events.forEach((event, index) => {
    switch (event.type) {
      case "publish":
        return channelOf(event.channel).published(event, index)
      case "deliver":
        return channelOf(event.channel).delivered(event)
      case "subscribe":
      case "gap":
      case "unsubscribe":
        return void channelOf(event.channel).line(event.subscriber).events.push(event)
      case "close":
      case "connected": {
        for (const line of linesOf.get(event.subscriber) ?? []) line.events.push(event)
        return
      }
      case "log":
        return channelOf(event.channel).ended(event)
      case "own":
      case "exit":
        return void nodes.push(event)
      case "fault":
        if (event.phase === "start") faults++
    }
  })
  return { channels, nodes, faults }
}
