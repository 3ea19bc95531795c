/**
 * Client.fixture: a subscription of a client that notes what it is given.
 */
import { Deferred } from "effect"
import { Connection } from "./Connection.ts"
import type { Subscription } from "./Subscription.ts"

/** A client whose socket takes everything, or nothing more until `drain`. */
export const makeClient = (channel: string) => {
  /** Offsets of publications; of a gap, its reason and where it ends. */
  const received: Array<number | string> = []
  let takes = true
  const connection = new Connection({
    format: "json",
    outbox: { maxFrames: 1, maxBytes: 10_000 },
    nowMillis: 0,
    // A turn of its own for each.
    flusher: { add: (it) => it.flush(0), isBusy: false },
    onDrained: () => {},
    transport: {
      protocol: undefined,
      address: "127.0.0.1",
      write: (frames) => {
        const text = Buffer.from(frames).toString("latin1")
        for (const [, type, offset] of text.matchAll(/"type":"(\w+)".*?"offset":(\d+)/g)) {
          const reason = type === "gap" && /"reason":"(\w+)"/.exec(text)?.[1]
          received.push(reason ? `${reason} to ${offset}` : Number(offset))
        }
        return takes
      },
      close: () => {}
    }
  })
  let fellBehind = 0
  const subscription: Subscription = {
    channel,
    connection,
    state: "pending",
    cursor: undefined,
    replaying: false,
    leaving: false,
    settled: Deferred.makeUnsafe(),
    wantsPresence: false,
    memberId: undefined,
    fellBehind: () => {
      fellBehind++
    }
  }
  return {
    connection,
    subscription,
    received,
    timesBehind: () => fellBehind,
    stopReading: () => {
      takes = false
    }
  }
}
