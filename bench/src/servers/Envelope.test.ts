import { assert, describe, it } from "@effect/vitest"
import { framePublications, framingOf } from "@weir/connector/Framing"
import { encodePublication } from "@weir/wire/Publications"
import { positionAt, publicationFrame, publisher } from "./Envelope.ts"

const withoutTimes = (frame: Buffer): string =>
  frame.toString("latin1").replaceAll(/"(ts|publishedAt)":\d{13}\b/g, '"$1":0')

describe("the envelope of the floors", () => {
  it.each([1, 123_456])("is Weir's, byte for byte but for the time: offset %i", (offset) => {
    const channel = "live:bench"
    const data = Buffer.from(JSON.stringify("x".repeat(126)))
    const publishedAt = Date.now()
    const position = positionAt(offset)
    const entry = encodePublication({
      ...{
        channel,
        position,
        publisher,
        publishedAt,
        data,
        messageId: "",
        key: "",
        contentType: ""
      }
    })
    const weirs = framePublications(framingOf("json", false), [entry], Date.now())
    const ours = publicationFrame(channel, offset, data)
    assert.strictEqual(withoutTimes(ours), withoutTimes(weirs))
    assert.strictEqual(ours.byteLength, weirs.byteLength)
  })
})
