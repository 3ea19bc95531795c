import { assert, describe, it } from "@effect/vitest"
import { decodeEnvelopes, encodeEnvelope } from "./Envelope.ts"

describe("Envelope", () => {
  it("puts a payload that is JSON already into its frame unchanged", () => {
    assert.strictEqual(
      encodeEnvelope("publish", 3, `{"channel":"chat:lobby","data":"ä"}`),
      `{"type":"publish","id":3,"payload":{"channel":"chat:lobby","data":"ä"}}`
    )
  })

  it("leaves out what a frame does not have", () => {
    assert.strictEqual(encodeEnvelope("pong"), `{"type":"pong"}`)
  })

  it("reads one frame of a message", () => {
    const [envelope] = decodeEnvelopes(
      `{"type":"error","id":4,"ts":5,"payload":{"code":"permission_denied","future":true}}`
    )

    assert.deepInclude(envelope, { type: "error", id: 4, ts: 5 })
  })

  it("reads an array of frames in their order", () => {
    const types = decodeEnvelopes(`[{"type":"ping"},{"type":"pong","id":9}]`).map(
      ({ type }) => type
    )

    assert.deepStrictEqual(types, ["ping", "pong"])
  })

  it("takes a missing payload for one without fields", () => {
    assert.deepStrictEqual(decodeEnvelopes(`{"type":"ping"}`)[0]?.payload, {})
  })

  it.each([
    ["refuses what is no JSON", "{"],
    ["refuses a frame without a type", `{"payload":{}}`],
    ["refuses null", "null"],
    ["refuses a binary message", new Uint8Array([1])]
  ])("%s", (_title, message) => {
    assert.throws(() => decodeEnvelopes(message))
  })
})
