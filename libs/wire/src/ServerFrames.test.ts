import { assert, describe, it } from "@effect/vitest"
import { ServerFrame } from "@weir/proto/client/v1/client"
import { encodePublication } from "./Publications.ts"
import { encodePublicationFrame, encodeServerFrame, type ServerPayload } from "./ServerFrames.ts"

const ts = 1_795_417_448_097

const json = (payload: ServerPayload, id = 0) =>
  new TextDecoder().decode(encodeServerFrame("json", id, ts, payload))

/** The frame of a binary message with one record. */
const unrecord = (bytes: Uint8Array) => {
  const length = bytes[0]! < 128 ? 1 : 2
  return ServerFrame.decode(bytes.subarray(length))
}

const position = { epoch: "k3f9", term: 3_659_914_313_728_007, offset: 42 }

const publication = (contentType: string, data: Uint8Array, messageId = "m-1") => ({
  channel: "chat:lobby",
  position,
  messageId,
  key: "",
  publisher: "ann",
  publishedAt: ts,
  contentType,
  data
})

const text = (value: string) => new TextEncoder().encode(value)

describe("server frames", () => {
  it("stand in JSON as the protocol shows them", () => {
    const published: ServerPayload = { $case: "published", value: { position, duplicate: false } }
    assert.strictEqual(
      json(published, 3),
      `{"type":"published","id":3,"ts":${ts},"payload":{"position":{"epoch":"k3f9","term":3659914313728007,"offset":42},"duplicate":false}}`
    )
    const gap: ServerPayload = {
      $case: "gap",
      value: { channel: "chat:lobby", reason: "dropped", from: 43, to: 57, position }
    }
    assert.strictEqual(
      json(gap),
      `{"type":"gap","ts":${ts},"payload":{"channel":"chat:lobby","reason":"dropped","from":43,"to":57,"position":{"epoch":"k3f9","term":3659914313728007,"offset":42}}}`
    )
  })

  it("leave out offsets that are unknown and words that are empty", () => {
    const gap: ServerPayload = {
      $case: "gap",
      value: { channel: "a:b", reason: "epoch_changed", from: undefined, to: undefined, position }
    }
    assert.notInclude(json(gap), "from")
    const subscribed: ServerPayload = {
      $case: "subscribed",
      value: {
        channel: "a:b",
        position,
        recovered: true,
        reason: "",
        next: 43,
        delivery: "all",
        grant: ""
      }
    }
    assert.deepStrictEqual(Object.keys(JSON.parse(json(subscribed, 1)).payload), [
      "channel",
      "position",
      "recovered",
      "next",
      "delivery"
    ])
  })

  it.each([
    ["a JSON value as it was stored", "", text('{ "a":1.0 }'), '"data":{ "a":1.0 }'],
    ["text", "text/plain", text('say "hi"'), '"data":"say \\"hi\\"","encoding":"text"'],
    [
      "binary",
      "image/png",
      new Uint8Array([0, 255]),
      '"data":"AP8=","encoding":"base64","contentType":"image/png"'
    ]
  ])("carry %s in a JSON publication", (_title, contentType, data, expected) => {
    const encoded = encodePublication(publication(contentType, data))
    const frame = new TextDecoder().decode(encodePublicationFrame("json", ts, encoded))
    assert.include(frame, `"publishedAt":${ts},${expected}}}`)
    assert.strictEqual(JSON.parse(frame).type, "publication")
  })

  it("are the same publication whether encoded anew or passed through", () => {
    const encoded = encodePublication(publication("image/png", new Uint8Array([0, 1, 2])))
    const passed = unrecord(encodePublicationFrame("proto", ts, encoded))
    const anew = unrecord(
      encodeServerFrame("proto", 0, ts, { $case: "publication", value: encoded.publication })
    )
    assert.deepStrictEqual(passed, anew)
    assert.strictEqual(passed.ts, ts)
  })

  it("cannot be closed from inside by a name or a text", () => {
    const evil = `"},"type":"error","x":{"y":"`
    const encoded = encodePublication({
      ...publication("text/plain", text(evil), evil),
      publisher: evil,
      channel: `chat:${evil}`
    })
    const { payload, type } = JSON.parse(
      new TextDecoder().decode(encodePublicationFrame("json", ts, encoded))
    )
    assert.deepStrictEqual(
      [type, payload.publisher, payload.messageId, payload.data, payload.channel],
      ["publication", evil, evil, evil, `chat:${evil}`]
    )
  })

  it("lets go of the message that the data came in", () => {
    const batch = new Uint8Array(1_000_000)
    const { publication: kept, bytes } = encodePublication(
      publication("image/png", batch.subarray(10, 20).fill(7))
    )
    assert.strictEqual(kept.data.buffer, bytes.buffer)
    assert.deepStrictEqual(kept.data, new Uint8Array(10).fill(7))
  })
})
