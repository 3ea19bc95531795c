import { assert, describe, it } from "@effect/vitest"
import type { ChannelEvent } from "../ChannelEvents.ts"
import { channelAfter, emptyChannel } from "./ChannelState.ts"

const position = { epoch: "e", term: 1, offset: 7 }
const publication = (data: unknown): ChannelEvent => ({
  type: "publication",
  publication: {
    channel: "chat:a",
    position,
    data,
    contentType: "application/json",
    publisher: "ann",
    messageId: "",
    key: "",
    publishedAt: 0
  }
})

const after = (events: ReadonlyArray<ChannelEvent>, keep: number) =>
  events.reduce((state, event) => channelAfter(state, event, keep), emptyChannel)

describe("ChannelState", () => {
  it("keeps the newest publications in their order", () => {
    const { publications } = after([1, 2, 3].map(publication), 2)

    assert.deepStrictEqual(
      publications.map(({ data }) => data),
      [2, 3]
    )
  })

  it("can keep none", () => {
    assert.isEmpty(after([publication(1)], 0).publications)
  })

  it("remembers the newest gap", () => {
    const gap = (reason: string): ChannelEvent => ({
      type: "gap",
      gap: { channel: "chat:a", reason, from: undefined, to: undefined, position }
    })

    assert.strictEqual(after([gap("dropped"), gap("trimmed")], 1).gap?.reason, "trimmed")
  })

  it("is the same object after what shows nothing, so that nothing renders", () => {
    const signal = { channel: "chat:a", publisher: "bob", member: "m", data: 1, contentType: "" }

    assert.strictEqual(after([{ type: "signal", signal }], 1), emptyChannel)
  })
})
