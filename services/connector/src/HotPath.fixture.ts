/**
 * HotPath.fixture: a channel with many subscribers, all real but for their sockets, which
 * note what they are written.
 */
import { makeNamespace } from "@weir/core/Namespace"
import { type EncodedPublication, encodePublication } from "@weir/wire/Publications"
import { Effect } from "effect"
import { ChannelFeed } from "./ChannelFeed.ts"
import { makeConnection, makeSubscription, recentLimits, roomForAll } from "./Connection.fixture.ts"
import { Flusher } from "./Flusher.ts"
import type { Framing } from "./Framing.ts"

const channel = "chat:lobby"

const at = (offset: number) => ({ epoch: "e1", term: 1, offset })

/** With so many bytes of data. */
export const publicationAt = (offset: number, bytes = 128): EncodedPublication =>
  encodePublication({
    channel,
    position: at(offset),
    messageId: "",
    key: "",
    publisher: "ann",
    publishedAt: 1_700_000_000_000,
    contentType: "",
    data: Buffer.from(JSON.stringify("x".repeat(bytes - 2)))
  })

/** `onWrite` is told of each write by the subscriber's number; nothing is kept of it here. */
export const makeAudience = Effect.fnUntraced(function* (
  framings: ReadonlyArray<Framing>,
  onWrite: (subscriber: number, chunk: Uint8Array) => void
) {
  const feed = new ChannelFeed(channel, makeNamespace("chat", {}), recentLimits)
  feed.attachedAt(at(0))
  const flusher = new Flusher()
  yield* Effect.forkScoped(flusher.run, { startImmediately: true })
  framings.forEach((framing, subscriber) => {
    const connection = makeConnection({
      framing,
      outbox: { maxFrames: 1_024, maxBytes: 1_048_576, shared: roomForAll },
      nowMillis: Date.now(),
      flusher,
      write: (chunk) => {
        onWrite(subscriber, chunk)
        return true
      },
      close: () => {}
    })
    const subscription = makeSubscription(connection, channel)
    feed.subscriptions.add(subscription)
    feed.place(subscription, at(0))
  })
  return feed
})
