/**
 * Client.fixture: a subscription of a client that notes what it is given.
 */
import { makeConnection, makeSubscription } from "./Connection.fixture.ts"

/** A client whose socket takes everything, or nothing more until `drain`. */
export const makeClient = (channel: string) => {
  /** Offsets of publications; of a gap, its reason and where it ends. */
  const received: Array<number | string> = []
  let takes = true
  const connection = makeConnection({
    // A turn of its own for each.
    flusher: { add: (it) => it.flush(0), isBusy: false },
    write: (frames) => {
      const text = Buffer.from(frames).toString("latin1")
      for (const [, type, offset] of text.matchAll(/"type":"(\w+)".*?"offset":(\d+)/g)) {
        const reason = type === "gap" && /"reason":"(\w+)"/.exec(text)?.[1]
        received.push(reason ? `${reason} to ${offset}` : Number(offset))
      }
      return takes
    }
  })
  let fellBehind = 0
  const subscription = makeSubscription(connection, channel, () => {
    fellBehind++
  })
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
