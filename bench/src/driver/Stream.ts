/**
 * Stream: numbered publications in some channels, at a rate.
 */
import { nowMicros } from "./Clock.ts"
import { makePayloads } from "./Payload.ts"
import type { Publisher } from "./Publisher.ts"

/** Publishes in each channel in turn; what it returns ends it, and says how many in each. */
export const stream = (
  publisher: Publisher,
  channels: ReadonlyArray<string>,
  perSecond: number
): (() => ReadonlyArray<number>) => {
  const published = channels.map(() => 0)
  let turn = 0
  const timer = setInterval(() => {
    const place = turn++ % channels.length
    publisher.publish(makePayloads(published[place]!++, [nowMicros()]), channels[place]!)
  }, 1000 / perSecond)
  return () => {
    clearInterval(timer)
    return published
  }
}
