import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@weir/core/Publication"
import { ForwardRequest } from "@weir/proto/mesh/v1/router"
import { decodeForwards, encodeForwards, type Forward } from "./ForwardMessage.ts"

const plain: Message = {
  channel: "chat:lobby",
  publisher: "ann",
  messageId: "m-1",
  key: "",
  contentType: "text/plain",
  data: Buffer.from("hi")
}

const forward = (id: number, fields: Partial<Message> = {}, attempt = 7): Forward => ({
  id,
  attempt,
  message: { ...plain, ...fields }
})

const unusual: ReadonlyArray<readonly [string, Partial<Message>]> = [
  ["plain ones", {}],
  ["nothing but what must be", { messageId: "", contentType: "" }],
  ["a key", { key: "k-1" }],
  ["no data", { data: Buffer.alloc(0) }],
  ["data of 63 bytes", { data: Buffer.alloc(63, 1) }],
  ["data of 64 bytes", { data: Buffer.alloc(64, 2) }],
  ["data of 20,000 bytes", { data: Buffer.alloc(20_000, 3) }],
  ["data of 70,000 bytes", { data: Buffer.alloc(70_000, 4) }],
  [
    "short texts of many bytes a letter",
    { channel: `chat:${"水".repeat(37)}`, publisher: "änn 🐟" }
  ],
  [
    "long texts of many bytes a letter",
    { channel: `chat:${"水".repeat(80)}`, messageId: "é".repeat(43) }
  ],
  ["texts at the limit of what is short", { publisher: "p".repeat(42), messageId: "m".repeat(43) }]
]

describe("what is forwarded", () => {
  it.each(unusual)("is read as it was written, and by the generated code: %s", (_, fields) => {
    const one = forward(3, fields)
    const bytes = encodeForwards([one], 12)
    assert.deepStrictEqual(decodeForwards(bytes), { forwards: [one], view: 12 })
    const { publications, view } = ForwardRequest.decode(bytes)
    const { data, ...texts } = one.message
    assert.deepStrictEqual(publications, [
      { id: 3, attempt: 7, ...texts, data: publications[0]!.data }
    ])
    assert.deepStrictEqual(Buffer.from(publications[0]!.data), Buffer.from(data))
    assert.strictEqual(view, 12)
  })

  it("says once what a run has in common", () => {
    const run = Array.from({ length: 100 }, (_, index) => forward(40 + index, { messageId: "" }))
    const bytes = encodeForwards(run, 0)
    assert.deepStrictEqual(decodeForwards(bytes), { forwards: run, view: 0 })
    const apart = run.reduce((sum, it) => sum + encodeForwards([it], 0).byteLength, 0)
    // At least the channel and the publisher, of all but one.
    assert.isBelow(bytes.byteLength, apart - 99 * (plain.channel.length + plain.publisher.length))
  })

  it.each([
    ["another channel", forward(2, { channel: "chat:other" })],
    ["another publisher", forward(2, { publisher: "bob" })],
    ["another attempt", forward(2, {}, 8)],
    ["an id that is not the next", forward(9)],
    ["the same again", forward(2)]
  ])("keeps apart what differs: %s", (_, second) => {
    const forwards = [forward(1), second, forward(10)]
    assert.deepStrictEqual(decodeForwards(encodeForwards(forwards, 1)).forwards, forwards)
  })

  it("steps over fields that it does not know, and refuses what is cut off", () => {
    const bytes = encodeForwards([forward(1)], 5)
    const unknown = Buffer.from([(15 << 3) | 2, 1, 0])
    assert.deepStrictEqual(decodeForwards(Buffer.concat([unknown, bytes])), decodeForwards(bytes))
    assert.throws(() => decodeForwards(bytes.subarray(0, 20)))
  })
})
