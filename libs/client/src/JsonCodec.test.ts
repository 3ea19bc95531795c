import { assert, describe, it } from "@effect/vitest"
import { jsonCodec } from "./JsonCodec.ts"

describe("JsonCodec", () => {
  it("puts a payload that is JSON already into its frame unchanged", () => {
    assert.strictEqual(
      jsonCodec.message("publish", 3, `{"channel":"chat:lobby","data":"ä"}`),
      `{"type":"publish","id":3,"payload":{"channel":"chat:lobby","data":"ä"}}`
    )
  })

  it("leaves out the id where there is none", () => {
    assert.strictEqual(jsonCodec.message("pong", 0, "{}"), `{"type":"pong","payload":{}}`)
  })

  it("sends bytes as base64, a Buffer too, and leaves a program's own objects alone", () => {
    const bytes = [new Uint8Array([0, 255, 16]), Buffer.from([0, 255, 16])]
    const payloads = bytes.map((data) => jsonCodec.payload("publish", { data, encoding: "base64" }))
    const own = jsonCodec.payload("publish", { data: { data: [1], encoding: "base64" } })

    assert.deepStrictEqual(payloads, Array(2).fill(`{"data":"AP8Q","encoding":"base64"}`))
    assert.strictEqual(own, `{"data":{"data":[1],"encoding":"base64"}}`)
  })

  it("reads one frame of a message", () => {
    const [envelope] = jsonCodec.read(
      `{"type":"error","id":4,"ts":5,"payload":{"code":"permission_denied","future":true}}`
    )

    assert.deepInclude(envelope, { type: "error", id: 4, ts: 5 })
  })

  it("reads an array of frames in their order", () => {
    const types = jsonCodec.read(`[{"type":"ping"},{"type":"pong","id":9}]`).map(({ type }) => type)

    assert.deepStrictEqual(types, ["ping", "pong"])
  })

  it("takes a missing payload for one without fields", () => {
    assert.deepStrictEqual(jsonCodec.read(`{"type":"ping"}`)[0]?.payload, {})
  })

  it.each([
    ["refuses what is no JSON", "{"],
    ["refuses a frame without a type", `{"payload":{}}`],
    ["refuses null", "null"],
    ["refuses a binary message", new Uint8Array([1])]
  ])("%s", (_title, message) => {
    assert.throws(() => jsonCodec.read(message))
  })
})
