import { assert, describe, it } from "@effect/vitest"
import { ServerFrame } from "@weir/proto/client/v1/client"
import { encodePublication } from "@weir/wire/Publications"
import { framePublications, framingOf } from "./Framing.ts"

const entries = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    encodePublication({
      channel: "chat:lobby",
      position: { epoch: "e1", term: 1, offset: index + 1 },
      messageId: "",
      key: "",
      publisher: "ann",
      publishedAt: 0,
      contentType: "",
      data: new TextEncoder().encode(`{"n":${index + 1}}`)
    })
  )

/** The payloads of the frames. */
const messagesOf = (frames: Buffer): ReadonlyArray<Buffer> => {
  const messages: Array<Buffer> = []
  for (let at = 0; at < frames.byteLength; ) {
    const short = frames[at + 1]!
    const length = short < 126 ? short : frames.readUInt16BE(at + 2)
    const begin = at + (short < 126 ? 2 : 4)
    messages.push(frames.subarray(begin, begin + length))
    at = begin + length
  }
  return messages
}

const offsetsIn = (messages: ReadonlyArray<Buffer>) =>
  messages.map((message) =>
    [JSON.parse(message.toString())].flat().map(({ payload }) => payload.position.offset)
  )

describe("framePublications", () => {
  it("makes a frame of each publication", () => {
    const frames = framePublications(framingOf("json", false), entries(3), 5)
    assert.deepStrictEqual(offsetsIn(messagesOf(frames)), [[1], [2], [3]])
  })

  it("puts several into one array for who asked for that, at most 64", () => {
    const messages = messagesOf(framePublications(framingOf("json", true), entries(70), 5))
    const offsets = Array.from({ length: 70 }, (_, index) => index + 1)
    assert.deepStrictEqual(offsetsIn(messages), [offsets.slice(0, 64), offsets.slice(64)])
    const [alone] = messagesOf(framePublications(framingOf("json", true), entries(1), 5))
    assert.strictEqual(JSON.parse(alone!.toString()).type, "publication")
  })

  it("puts several records into one frame of protobuf", () => {
    const [message] = messagesOf(framePublications(framingOf("proto", true), entries(2), 5))
    const [first] = messagesOf(framePublications(framingOf("proto", false), entries(2), 5))
    assert.deepStrictEqual(message!.subarray(0, first!.byteLength), first)
    const record = ServerFrame.decode(first!.subarray(1))
    assert.strictEqual(record.ts, 5)
  })
})
