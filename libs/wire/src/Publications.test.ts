import { assert, describe, it } from "@effect/vitest"
import type { Publication } from "@weir/core/Publication"
import { Publication as Message } from "@weir/proto/client/v1/client"
import { decodePublication, EncodedWhenAsked, encodePublication } from "./Publications.ts"

const plain: Publication = {
  channel: "chat:lobby",
  position: { epoch: "k3f9", term: 3_659_914_313_728_007, offset: 42 },
  messageId: "m-1",
  key: "",
  publisher: "ann",
  publishedAt: 1_790_000_000_000,
  contentType: "text/plain",
  data: new TextEncoder().encode("hi")
}

const unusual: ReadonlyArray<readonly [string, Partial<Publication>]> = [
  ["plain ones", {}],
  ["fields at their defaults", { messageId: "", publisher: "", publishedAt: 0, contentType: "" }],
  ["no data", { data: new Uint8Array() }],
  ["data of 127, 128 and 70,000 bytes", { data: new Uint8Array(127).fill(1) }],
  ["data whose length takes two bytes", { data: new Uint8Array(128).fill(2) }],
  ["data whose length takes three bytes", { data: new Uint8Array(70_000).fill(3) }],
  ["names beyond one byte of length", { channel: `chat:${"x".repeat(250)}` }],
  ["names of many bytes a character", { channel: `chat:${"水".repeat(80)}`, publisher: "änn 🐟" }],
  ["names at the limit of one byte", { channel: "c".repeat(127), publisher: "p".repeat(128) }],
  ["a long epoch", { position: { epoch: "e".repeat(200), term: 1, offset: 1 } }],
  ["the place before the first", { position: { epoch: "e", term: 0, offset: 0 } }],
  [
    "the largest numbers",
    {
      position: { epoch: "e", term: Number.MAX_SAFE_INTEGER, offset: Number.MAX_SAFE_INTEGER },
      publishedAt: Number.MAX_SAFE_INTEGER
    }
  ],
  ["long fields altogether", { channel: "水".repeat(3_000), contentType: "x".repeat(3_000) }]
]

describe("Publications", () => {
  it.each(unusual)("writes and reads the bytes of the generated code: %s", (_, fields) => {
    const publication = { ...plain, ...fields }
    const { bytes, publication: kept } = encodePublication(publication)
    assert.deepStrictEqual(bytes, Message.encode(publication).finish())
    assert.deepStrictEqual(new EncodedWhenAsked(publication).bytes, bytes)
    assert.deepStrictEqual(kept, publication)
    assert.strictEqual(kept.data.buffer, bytes.buffer, "the message it came in is let go of")
    assert.deepStrictEqual(decodePublication(bytes).publication, publication)
    assert.deepStrictEqual(
      decodePublication(Buffer.from(bytes)).publication.data,
      Buffer.from(publication.data)
    )
  })

  it("writes a key, which the generated code has behind the data", () => {
    const publication = { ...plain, key: "k-1" }
    const { bytes, publication: kept } = encodePublication(publication)
    const { data, ...fields } = Message.decode(bytes)
    assert.deepStrictEqual({ ...fields, data: publication.data }, publication)
    assert.deepStrictEqual(Buffer.from(data), Buffer.from(publication.data))
    assert.deepStrictEqual(kept, publication)
    assert.deepStrictEqual(decodePublication(bytes).publication, publication)
    assert.deepStrictEqual(
      decodePublication(Message.encode(publication).finish()).publication,
      publication
    )
  })

  it("reads a publication in the middle of other bytes", () => {
    const { bytes } = encodePublication(plain)
    const padded = new Uint8Array(bytes.byteLength + 20)
    padded.set(bytes, 7)
    const inside = padded.subarray(7, 7 + bytes.byteLength)
    assert.deepStrictEqual(decodePublication(inside).publication, plain)
  })

  it("steps over fields that it does not know", () => {
    const { bytes } = encodePublication(plain)
    // Fields 15, 16, 17 and 18: a number, bytes, and numbers of fixed length.
    const unknown = [0x78, 0x96, 0x01, 0x82, 0x01, 0x02, 1, 2, 0x8d, 0x01, 1, 2, 3, 4]
    const fixed64 = [0x91, 0x01, 1, 2, 3, 4, 5, 6, 7, 8]
    const longer = Uint8Array.from([...unknown, ...bytes, ...fixed64])
    assert.deepStrictEqual(decodePublication(longer).publication, plain)
  })

  it("throws on bytes that are no publication", () => {
    const { bytes } = encodePublication(plain)
    assert.throws(() => decodePublication(bytes.subarray(0, bytes.byteLength - 1)), /cut off/)
    assert.throws(() => decodePublication(bytes.subarray(0, 14)), /cut off/)
    assert.throws(() => decodePublication(new Uint8Array()), /without a position/)
    assert.throws(() => decodePublication(Uint8Array.from([0x07])), /wire type/)
    assert.throws(() => decodePublication(new Uint8Array(20).fill(0xff)), /2\^53/)
  })
})
