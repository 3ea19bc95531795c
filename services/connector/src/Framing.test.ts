import { constants, inflateRawSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { ServerFrame } from "@weir/proto/client/v1/client"
import { encodePublication } from "@weir/wire/Publications"
import { makeConnection } from "./Connection.fixture.ts"
import { framePayload, framePublications, framingOf } from "./Framing.ts"

const entries = (count: number, more = "") =>
  Array.from({ length: count }, (_, index) =>
    encodePublication({
      channel: "chat:lobby",
      position: { epoch: "e1", term: 1, offset: index + 1 },
      messageId: "",
      key: "",
      publisher: "ann",
      publishedAt: 0,
      contentType: "",
      data: new TextEncoder().encode(`{"n":${index + 1},"more":"${more}"}`)
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

  it.each(["json", "proto"] as const)(
    "compresses for who agreed to it, each frame as a whole, from 1 KiB on: %s",
    (format) => {
      const small = entries(2)
      const one = entries(1, "x".repeat(1_000))
      // None of them alone is long enough.
      const many = entries(20)
      for (const [batch, some] of [
        [false, small],
        [false, one],
        [true, many]
      ] as const) {
        const plain = framePublications(framingOf(format, batch), some, 5)
        const frames = framePublications(framingOf(format, batch, "websocket", true), some, 5)
        if (some === small) {
          assert.deepStrictEqual(frames, plain)
          continue
        }
        assert.strictEqual(frames[0], plain[0]! | 0x40)
        assert.isBelow(frames.byteLength, plain.byteLength / 2)
        const [message] = messagesOf(frames)
        const flushed = Buffer.concat([message!, Buffer.from("0000ffff", "hex")])
        const options = { finishFlush: constants.Z_SYNC_FLUSH }
        assert.deepStrictEqual([inflateRawSync(flushed, options)], messagesOf(plain))
      }
    }
  )

  it("goes on to compress for who also takes several publications in one frame", () => {
    const write = () => true
    const flusher = { add: () => {}, isBusy: false }
    const framing = framingOf("proto", false, "websocket", true)
    const connection = makeConnection({ write, flusher, framing })
    connection.acceptBatches()
    assert.strictEqual(connection.framing, framingOf("proto", true, "websocket", true))
  })

  it("leaves what is said to one client as it is, however long", () => {
    const value = { code: "bad_request", message: "x".repeat(5_000), retryAfterMs: 0 } as const
    for (const format of ["json", "proto"] as const) {
      const [plain, deflate] = [false, true].map((deflate) =>
        framePayload(framingOf(format, false, "websocket", deflate), 1, 5, {
          $case: "error",
          value
        })
      )
      assert.deepStrictEqual(deflate, plain)
    }
  })

  it("puts several records into one frame of protobuf", () => {
    const [message] = messagesOf(framePublications(framingOf("proto", true), entries(2), 5))
    const [first] = messagesOf(framePublications(framingOf("proto", false), entries(2), 5))
    assert.deepStrictEqual(message!.subarray(0, first!.byteLength), first)
    const record = ServerFrame.decode(first!.subarray(1))
    assert.strictEqual(record.ts, 5)
  })
})
