import { assert, describe, it } from "@effect/vitest"
import { makeNamespace } from "@weir/core/Namespace"
import { OwnedChannel, type Submission } from "./OwnedChannel.ts"
import { Shard } from "./Shard.ts"

const submission = (messageId: string, bytes = 10, publisher = "ann"): Submission => ({
  message: {
    channel: "chat:lobby",
    publisher,
    messageId,
    key: "",
    contentType: "",
    data: new Uint8Array(bytes)
  },
  answer: () => {}
})

const channelWith = (...submissions: ReadonlyArray<Submission>) => {
  const channel = new OwnedChannel("chat:lobby", makeNamespace("chat"), new Shard(0), 0)
  for (const it of submissions) assert.isUndefined(channel.submit(it))
  return channel
}

const idsOf = (batch: ReadonlyArray<Submission>) => batch.map(({ message }) => message.messageId)

describe("OwnedChannel", () => {
  it("takes what is pending as one batch, in order", () => {
    const channel = channelWith(submission("a"), submission("b"), submission(""))
    assert.deepStrictEqual(idsOf(channel.takeBatch()), ["a", "b", ""])
    assert.isFalse(channel.hasPending)
  })

  it("never has an id twice in a batch, unless it is of another publisher", () => {
    const channel = channelWith(
      submission("a"),
      submission("a", 10, "bob"),
      submission("b"),
      submission("a")
    )
    assert.deepStrictEqual(idsOf(channel.takeBatch()), ["a", "a", "b"])
    assert.deepStrictEqual(idsOf(channel.takeBatch()), ["a"])
  })

  it("keeps publishers apart in a batch as the log does, whatever they are called", () => {
    const channel = channelWith(submission("c", 10, "a\nb"), submission("b\nc", 10, "a"))
    assert.deepStrictEqual(idsOf(channel.takeBatch()), ["c", "b\nc"])
  })

  it("bounds a batch by count and by bytes, and always takes one", () => {
    const many = channelWith(...Array.from({ length: 300 }, (_, n) => submission(`m-${n}`)))
    assert.strictEqual(many.takeBatch().length, 256)
    const large = channelWith(submission("a", 300 * 1024), submission("b", 300 * 1024))
    assert.deepStrictEqual(idsOf(large.takeBatch()), ["a"])
  })

  it("refuses more than may wait, and has room again after a batch", () => {
    const channel = channelWith(...Array.from({ length: 2_048 }, (_, n) => submission(`m-${n}`)))
    const refused = channel.submit(submission("one-more"))
    assert.strictEqual(refused?.code, "too_many_requests")
    assert.isAbove(refused!.retryAfterMs, 0)
    channel.takeBatch()
    assert.isUndefined(channel.submit(submission("one-more")))
  })

  it("refuses more bytes than may wait", () => {
    const channel = channelWith(submission("a", 4 * 1024 * 1024))
    assert.strictEqual(channel.submit(submission("b"))?.code, "too_many_requests")
  })

  it("puts a batch back before what came after it", () => {
    const channel = channelWith(submission("a"), submission("b"))
    const batch = channel.takeBatch()
    channel.submit(submission("c"))
    channel.putBack(batch)
    assert.deepStrictEqual(idsOf(channel.takeBatch()), ["a", "b", "c"])
  })

  it("gives entries offsets after the head, and never an earlier time", () => {
    const channel = channelWith()
    channel.publishedAt = 500
    channel.shard.own(9)
    const head = { epoch: "e1", term: 7, offset: 41 }
    const entries = channel.encode([submission("a"), submission("b")], head, 400)
    assert.deepStrictEqual(
      entries.map(({ publication: { position, publishedAt } }) => ({ position, publishedAt })),
      [42, 43].map((offset) => ({ position: { epoch: "e1", term: 9, offset }, publishedAt: 500 }))
    )
  })
})
