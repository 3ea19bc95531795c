import { assert, describe, it } from "@effect/vitest"
import { makeNamespace, type NamespaceOptions } from "@weir/core/Namespace"
import { encodePublication } from "@weir/wire/Publications"
import { ChannelFeed } from "./ChannelFeed.ts"
import { makeClient } from "./Client.fixture.ts"
import { recentLimits } from "./Connection.fixture.ts"
import type { Subscription } from "./Subscription.ts"

const at = (offset: number, epoch = "e1", term = 1) => ({ epoch, term, offset })

const entries = (from: number, to: number, epoch = "e1", term = 1) =>
  Array.from({ length: to - from + 1 }, (_, index) =>
    encodePublication({
      channel: "chat:lobby",
      position: at(from + index, epoch, term),
      messageId: "",
      key: "",
      publisher: "ann",
      publishedAt: 0,
      contentType: "",
      data: new TextEncoder().encode(JSON.stringify("x".repeat(100)))
    })
  )

const named = (messageId: string) => ({
  channel: "chat:lobby",
  publisher: "ann",
  messageId,
  key: "",
  contentType: "",
  data: new TextEncoder().encode("1")
})

const withId = (offset: number, messageId: string) =>
  encodePublication({ ...named(messageId), position: at(offset), publishedAt: 0 })

const originOf = ({ subscription }: ReturnType<typeof makeClient>) => ({
  subscriptions: new Map([[subscription.channel, subscription]])
})

const makeFeed = (head: number, options: typeof NamespaceOptions.Type = {}) => {
  const feed = new ChannelFeed("chat:lobby", makeNamespace("chat", options), recentLimits)
  feed.attachedAt(at(head))
  const join = (cursor: number) => {
    const client = makeClient(feed.name)
    feed.subscriptions.add(client.subscription)
    feed.place(client.subscription, at(cursor))
    return client
  }
  return { feed, join }
}

describe("ChannelFeed", () => {
  it("accepts what is next, drops what it has seen and stops at a hole", () => {
    const { feed } = makeFeed(5)
    const offsets = (list: ReturnType<typeof entries>) => {
      const { hole, next } = feed.accept(list)
      return [next.map(({ publication }) => publication.position.offset), hole]
    }
    assert.deepStrictEqual(offsets(entries(6, 8)), [[6, 7, 8], false])
    assert.deepStrictEqual(offsets(entries(4, 7)), [[6, 7], false])
    assert.deepStrictEqual(offsets(entries(7, 8)), [[], true])
    assert.deepStrictEqual(offsets([...entries(6, 6), ...entries(8, 8)]), [[6], true])
    assert.deepStrictEqual(offsets(entries(6, 6, "e2")), [[], true])
  })

  it("stops where the log is another than the one it passed on", () => {
    const { feed } = makeFeed(5)
    feed.deliver(entries(6, 8, "e1", 3), 0)
    assert.isTrue(feed.accept(entries(9, 9, "e1", 2)).hole, "the term falls")
    assert.isTrue(feed.accept(entries(7, 7, "e1", 4)).hole, "a later term at an offset passed")
    assert.isFalse(feed.accept(entries(7, 7, "e1", 2)).hole, "seen before")
    assert.isFalse(feed.accept(entries(9, 9, "e1", 4)).hole, "the next owner's")
  })

  it("accepts what is older than the term of the place where a trimmed log begins", () => {
    const { feed } = makeFeed(5)
    feed.moveTo(at(10, "e1", 3), "trimmed", () => true)
    assert.isFalse(feed.accept(entries(11, 11, "e1", 2)).hole)
  })

  it("takes nobody for up to date whose cursor may be in a part of the log that was lost", () => {
    const { feed, join } = makeFeed(5)
    feed.moveTo(at(8, "e1", 2), "rolled_back", () => true)
    for (const offset of [8, 10]) assert.strictEqual(join(offset).subscription.state, "behind")
  })

  it("accepts jumps where only the newest counts", () => {
    const { feed } = makeFeed(5, { slowConsumer: "conflate" })
    assert.strictEqual(feed.accept(entries(9, 9)).next.length, 1)
  })

  it("gives each live subscription everything, in one write", () => {
    const { feed, join } = makeFeed(5)
    const clients = [join(5), join(5)]
    feed.deliver(entries(6, 8), 0)
    for (const { received } of clients) assert.deepStrictEqual(received, [6, 7, 8])
    assert.deepStrictEqual(feed.position, at(8))
  })

  it("lets who cannot take more fall behind, from the last that it took", () => {
    const { feed, join } = makeFeed(5)
    const slow = join(5)
    const fast = join(5)
    slow.stopReading()
    for (const offset of [6, 7, 8, 9]) feed.deliver(entries(offset, offset), 0)

    assert.deepStrictEqual(fast.received, [6, 7, 8, 9])
    assert.strictEqual(slow.subscription.state, "behind")
    // 6 filled the socket, 7 the outbox; 8 did not fit.
    assert.deepStrictEqual(slow.subscription.cursor, at(7))
    assert.strictEqual(slow.timesBehind(), 1)
  })

  it("closes who cannot take more where the namespace says so", () => {
    const { feed, join } = makeFeed(5, { slowConsumer: "disconnect" })
    const slow = join(5)
    slow.stopReading()
    for (const offset of [6, 7, 8]) feed.deliver(entries(offset, offset), 0)
    assert.isTrue(slow.connection.closed)
  })

  it("gives who has read past it only what is new", () => {
    const { feed, join } = makeFeed(5)
    const ahead = join(7)
    assert.strictEqual(ahead.subscription.state, "ahead")
    feed.deliver(entries(6, 6), 0)
    feed.deliver(entries(7, 9), 0)
    feed.deliver(entries(10, 10), 0)
    assert.deepStrictEqual(ahead.received, [8, 9, 10])
    assert.strictEqual(ahead.subscription.state, "live")
  })

  it("lets nothing wait for who has read past it, where what is kept here serves the slow", () => {
    const { feed, join } = makeFeed(5, { slowConsumer: "dropOldest" })
    const ahead = join(7)
    ahead.stopReading()
    // Something else has filled its socket.
    ahead.connection.push(Buffer.from("{}"), 1)
    feed.deliver(entries(6, 8), 0)

    assert.strictEqual(ahead.subscription.state, "behind")
    const owed = feed.recentFor(ahead.subscription)!
    assert.deepStrictEqual([owed.before, owed.entries.length], [at(7), 1])
  })

  it("leaves out for one client what it has published itself", () => {
    const { feed, join } = makeFeed(5)
    const [ann, bob] = [join(5), join(5)]
    const message = named("m-1")
    feed.own.exclude(message, originOf(ann), 0)
    feed.deliver([...entries(6, 6), withId(7, "m-1"), ...entries(8, 8)], 0)
    // A later one of the same id is another publication.
    feed.deliver([withId(9, "m-1")], 0)

    assert.deepStrictEqual(ann.received, [6, 8, 9])
    assert.deepStrictEqual(bob.received, [6, 7, 8, 9])
    assert.strictEqual(ann.subscription.state, "live")
  })

  it("gives it to a client whose own was refused, and then came from elsewhere", () => {
    const { feed, join } = makeFeed(5)
    const ann = join(5)
    feed.own.exclude(named("m-1"), originOf(ann), 0)
    feed.own.refused(named("m-1"))
    feed.deliver([withId(6, "m-1")], 0)

    assert.deepStrictEqual(ann.received, [6])
  })

  it("leaves it out for a client that has read past the channel, and for nobody who has left", () => {
    const { feed, join } = makeFeed(5)
    const [ahead, gone, other] = [join(6), join(5), join(5)]
    feed.own.exclude(named("m-1"), originOf(ahead), 0)
    feed.own.exclude(named("m-2"), originOf(gone), 0)
    feed.end(gone.subscription)
    feed.deliver([...entries(6, 6), withId(7, "m-1"), withId(8, "m-2")], 0)

    assert.deepStrictEqual(ahead.received, [8])
    assert.strictEqual(ahead.subscription.state, "live")
    assert.deepStrictEqual(gone.received, [])
    assert.deepStrictEqual(other.received, [6, 7, 8])
  })

  it("lets who cannot take the rest fall behind", () => {
    const { feed, join } = makeFeed(5)
    const slow = join(5)
    slow.stopReading()
    for (const offset of [6, 7]) feed.deliver(entries(offset, offset), 0)
    feed.own.exclude(named("m-1"), originOf(slow), 0)
    feed.deliver([withId(8, "m-1"), ...entries(9, 9)], 0)

    assert.strictEqual(slow.subscription.state, "behind")
    assert.deepStrictEqual(slow.subscription.cursor, at(7))
  })

  it("tells who was up to date of a move, and neither who has read past it nor who is behind", () => {
    const { feed, join } = makeFeed(5)
    const live = join(5)
    const ahead = join(12)
    const behind = join(3)
    const told: Array<readonly [Subscription, number]> = []
    feed.moveTo(at(10), "trimmed", (subscription, cursor) => {
      told.push([subscription, cursor.offset])
      return true
    })

    assert.deepStrictEqual(told, [[live.subscription, 5]])
    assert.deepStrictEqual(
      [live, ahead, behind].map(({ subscription }) => subscription.state),
      ["live", "ahead", "behind"]
    )
    assert.strictEqual(behind.timesBehind(), 1)
    feed.deliver(entries(11, 13), 0)
    assert.deepStrictEqual([live.received, ahead.received], [[11, 12, 13], [13]])
  })

  it("tells everybody of a log that went back, also who has read past that point", () => {
    const { feed, join } = makeFeed(100)
    const live = join(100)
    const ahead = join(120)
    const told: Array<Subscription> = []
    feed.moveTo({ ...at(90), term: 2 }, "rolled_back", (subscription) => {
      told.push(subscription)
      return true
    })
    assert.deepStrictEqual(told, [live.subscription, ahead.subscription])
    feed.deliver(entries(91, 91), 0)
    assert.deepStrictEqual([live.received, ahead.received], [[91], [91]])
  })

  it("gives nothing to who has left", () => {
    const { feed, join } = makeFeed(5)
    const gone = join(5)
    feed.end(gone.subscription)
    feed.deliver(entries(6, 6), 0)
    assert.deepStrictEqual(gone.received, [])
  })
})
