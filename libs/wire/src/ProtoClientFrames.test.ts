import { assert, describe, it } from "@effect/vitest"
import { ClientFrame } from "@weir/proto/client/v1/client"
import { decodeProto } from "./ProtoClientFrames.ts"

const subscribe = (id: number): Uint8Array =>
  ClientFrame.encode(
    ClientFrame.fromPartial({
      id,
      payload: { $case: "subscribe", value: { channel: "chat:a" } }
    })
  ).finish()

const record = (frame: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([frame.byteLength]), frame])

const summaries = (message: Uint8Array) =>
  decodeProto(message).map((decoded) =>
    decoded._tag === "Frame"
      ? `${decoded.payload.$case} ${decoded.id}`
      : `${decoded.failure.code} ${decoded.id} ${decoded.failure.message}`
  )

describe("decodeProto", () => {
  it("reads the bytes of the protocol", () => {
    // 11 bytes: id = 2, subscribe { channel = "chat:a" }
    const bytes = Buffer.from("0c080222080a06636861743a61", "hex")
    assert.deepStrictEqual(summaries(bytes), ["subscribe 2"])
    assert.strictEqual(record(subscribe(2)).toString("hex"), bytes.toString("hex"))
  })

  it("reads several records of one message", () => {
    assert.deepStrictEqual(summaries(Buffer.concat([record(subscribe(1)), record(subscribe(2))])), [
      "subscribe 1",
      "subscribe 2"
    ])
  })

  it.each([
    ["nothing", "", "bad_request 0 frame: empty"],
    [
      "a length that never ends",
      "ffffffffffffffffffffff",
      "bad_request 0 frame: the record's length is not a varint"
    ],
    [
      "a record longer than the message",
      "0508",
      "bad_request 0 frame: a record of 5 bytes, 1 are there"
    ],
    [
      "a truncated frame",
      "0b080222080a06636861743a",
      "bad_request 0 frame: not a valid ClientFrame"
    ],
    [
      "a string that ends before its length",
      "0522030a0663",
      "bad_request 0 frame: not a valid ClientFrame"
    ],
    [
      "a time beyond 2^53",
      "0b10ffffffffffffff7f0801",
      "bad_request 0 frame: not a valid ClientFrame"
    ],
    ["no payload", "020805", "unknown_type 5 payload: missing, or of an unknown type"],
    [
      "a payload of a later version",
      "050805a20600",
      "unknown_type 5 payload: missing, or of an unknown type"
    ],
    ["id 0", "0422020a00", "bad_request 0 id: must be an integer from 1 to 2147483647"],
    [
      "an id beyond the limit",
      "0a08ffffffff0f22020a00",
      "bad_request 0 id: must be an integer from 1 to 2147483647"
    ]
  ])("refuses %s", (_title, hex, expected) => {
    assert.deepStrictEqual(summaries(Buffer.from(hex, "hex")), [expected])
  })

  it("keeps what stood before a bad record", () => {
    const message = Buffer.concat([record(subscribe(1)), Buffer.from("7f", "hex")])
    assert.deepStrictEqual(summaries(message), [
      "subscribe 1",
      "bad_request 0 frame: a record of 127 bytes, 0 are there"
    ])
  })

  it("reads at most 64 records of one message", () => {
    const message = Buffer.concat(Array.from({ length: 100 }, (_, n) => record(subscribe(n + 1))))
    const read = summaries(message)
    assert.strictEqual(read.length, 65)
    assert.strictEqual(read.at(-1), "bad_request 0 frame: more than 64 records")
  })

  it("survives any bytes", () => {
    let seed = 7
    const next = () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      return seed >>> 16
    }
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from({ length: next() % 40 }, () => next() & 0xff)
      assert.isAbove(decodeProto(bytes).length, 0)
    }
  })
})
