/**
 * What a channel's subscribers are given of a signal. Who may send one, and how it travels,
 * is in test/signals.test.ts.
 */
import { assert, describe, it } from "@effect/vitest"
import { makeNamespace } from "@weir/core/Namespace"
import type { Signal } from "@weir/proto/client/v1/client"
import { ChannelFeed } from "./ChannelFeed.ts"
import { makeConnection, makeSubscription, recentLimits } from "./Connection.fixture.ts"
import { giveSignal } from "./Signals.ts"

const signal: Signal = {
  channel: "chat:lobby",
  publisher: "ann",
  member: "member-1",
  contentType: "",
  data: new TextEncoder().encode("1")
}

/** A feed, and subscribers with sockets that note what they are written. */
const makeFeed = () => {
  const feed = new ChannelFeed(signal.channel, makeNamespace("chat", {}), recentLimits)
  const join = (takesMore = true) => {
    const written: Array<Uint8Array> = []
    const connection = makeConnection({
      write: (chunk) => {
        written.push(chunk)
        return takesMore
      },
      flusher: { add: () => {}, isBusy: false }
    })
    const subscription = makeSubscription(connection, signal.channel)
    subscription.state = "live"
    feed.subscriptions.add(subscription)
    return { connection, subscription, written }
  }
  return { feed, join }
}

describe("a signal", () => {
  it("is given to who listens in the same bytes, also while behind, and not to its sender", () => {
    const { feed, join } = makeFeed()
    const [sender, live, behind, pending] = [join(), join(), join(), join()]
    sender.subscription.signalledAs = "member-1"
    live.subscription.signalledAs = "member-2"
    behind.subscription.state = "behind"
    pending.subscription.state = "pending"

    giveSignal(feed, signal, 5)
    for (const { connection } of [sender, live, behind, pending]) connection.flush(5)

    assert.deepStrictEqual([sender.written, pending.written], [[], []])
    assert.strictEqual(live.written[0], behind.written[0])
    assert.include(Buffer.from(live.written[0]!).toString(), `"member":"member-1"`)
  })

  it("is left out for a client whose socket is full, and does not wait in its outbox", () => {
    const { feed, join } = makeFeed()
    const slow = join(false)
    slow.connection.push(new Uint8Array(1), 1)
    slow.connection.flush(0)

    giveSignal(feed, signal, 5)
    slow.connection.drained()
    slow.connection.flush(5)

    assert.lengthOf(slow.written, 1)
  })
})
