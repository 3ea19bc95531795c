import { assert, describe, it } from "@effect/vitest"
import { protobufCodec } from "./ProtobufCodec.ts"

const hex = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("hex")
const message = (...bytes: ReadonlyArray<number>) => new Uint8Array(bytes).buffer

describe("ProtobufCodec", () => {
  it("puts a payload that is encoded already into a record with its id", () => {
    const payload = protobufCodec.payload("unsubscribe", { channel: "a:b" })

    const record = protobufCodec.message("unsubscribe", 300, payload)

    // Length 10; field 1 (id) = 300; field 5 (unsubscribe), 5 bytes: field 1 (channel) = "a:b".
    assert.strictEqual(hex(record), "0a" + "08ac02" + "2a05" + "0a03613a62")
  })

  it("leaves out the id where there is none", () => {
    const payload = protobufCodec.payload("pong", {})

    assert.strictEqual(hex(protobufCodec.message("pong", 0, payload)), "026a00")
  })

  it("reads the records of a message in their order", () => {
    const ping = [0x03, 0x92, 0x01, 0x00]
    const pong = [0x05, 0x08, 0x09, 0x9a, 0x01, 0x00]

    const envelopes = protobufCodec.read(message(...ping, ...pong))

    assert.deepStrictEqual(
      envelopes.map(({ id, type }) => ({ id, type })),
      [
        { id: undefined, type: "ping" },
        { id: 9, type: "pong" }
      ]
    )
  })

  it("passes over a type of a later version", () => {
    const unknown = [0x04, 0xa2, 0x06, 0x01, 0x00]
    const ping = [0x03, 0x92, 0x01, 0x00]

    assert.lengthOf(protobufCodec.read(message(...unknown, ...ping)), 1)
  })

  it("gives bytes that do not keep the whole message alive", () => {
    // publication {content_type: "a/b", data: 0x01 0xff}
    const publication = [0x0b, 0x3a, 0x09, 0x32, 0x03, 0x61, 0x2f, 0x62, 0x3a, 0x02, 0x01, 0xff]
    const [envelope] = protobufCodec.read(message(...publication))
    const { data } = envelope!.payload as { readonly data: Uint8Array }

    assert.deepStrictEqual(data, new Uint8Array([1, 255]))
    assert.strictEqual(data.buffer.byteLength, 2)
  })

  it.each([
    ["refuses a text message", "{}"],
    ["refuses a record that ends too early", message(0x05, 0x08)],
    ["refuses JSON data that is none", message(0x06, 0x3a, 0x04, 0x3a, 0x02, 0x7b, 0x7b)]
  ])("%s", (_title, bytes) => {
    assert.throws(() => protobufCodec.read(bytes))
  })
})
