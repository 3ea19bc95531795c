/**
 * WritesBack: how long after each fault a channel took publications again.
 */
import type { HistoryEvent, Publish } from "./history/History.ts"

export interface Hit {
  readonly t: number
  readonly channels: ReadonlyArray<string>
}

export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Clients publish through a connector, services through a router: a channel is back for both or not. */
const doorOf = ({ process, publisher = process }: Publish): string =>
  publisher === process ? "connector" : "router"

const doors = ["connector", "router"]

/**
 * From the fault to the first acknowledgement of a publication that was invoked after it,
 * in ms, at the door where that took longer.
 */
export const writesBackOf = (
  events: ReadonlyArray<HistoryEvent>,
  hits: ReadonlyArray<Hit>
): ReadonlyArray<number> => {
  const invoked = new Map<string, number>()
  /** By channel and door, in order of their acknowledgements. */
  const acked = new Map<string, Array<{ readonly from: number; readonly to: number }>>()
  for (const event of events) {
    if (event.type !== "publish") continue
    const key = `${event.channel}\n${event.messageId}`
    if (event.phase === "invoke" && !invoked.has(key)) invoked.set(key, event.t)
    if (event.phase !== "ok") continue
    const at = `${event.channel} ${doorOf(event)}`
    const known = acked.get(at)
    const times = { from: invoked.get(key)!, to: event.t }
    if (known === undefined) acked.set(at, [times])
    else known.push(times)
  }
  const backAt = (channel: string, door: string, t: number) =>
    acked.get(`${channel} ${door}`)?.find(({ from }) => from >= t)?.to
  return hits.flatMap(({ channels, t }) =>
    channels.flatMap((channel) => {
      const times = doors.flatMap((door) => backAt(channel, door, t) ?? [])
      return times.length === 0 ? [] : [Math.max(...times) - t]
    })
  )
}

export const percentilesOf = (times: ReadonlyArray<number>): Percentiles | undefined => {
  if (times.length === 0) return undefined
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! }
}
