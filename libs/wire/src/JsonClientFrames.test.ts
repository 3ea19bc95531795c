import { assert, describe, it } from "@effect/vitest"
import type { Decoded } from "./ClientFrames.ts"
import { decodeJson } from "./JsonClientFrames.ts"

const only = (text: string): Decoded => {
  const decoded = decodeJson(text)
  assert.strictEqual(decoded.length, 1)
  return decoded[0]!
}

/** `code id message` of what is malformed, or the payload's name. */
const summary = (decoded: Decoded): string =>
  decoded._tag === "Frame"
    ? `${decoded.payload.$case} ${decoded.id}`
    : `${decoded.failure.code} ${decoded.id} ${decoded.failure.message}`

const publishOf = (payload: object) => {
  const decoded = only(
    JSON.stringify({ type: "publish", id: 1, payload: { channel: "chat:a", ...payload } })
  )
  if (decoded._tag === "Malformed") return decoded.failure.message
  if (decoded.payload.$case !== "publish") return decoded.payload.$case
  const { contentType, data } = decoded.payload.value
  return `${contentType}|${Buffer.from(data).toString("hex")}`
}

const hex = (text: string) => Buffer.from(text).toString("hex")

describe("decodeJson", () => {
  it("reads one envelope or an array of them", () => {
    const subscribe = (id: number) => ({ type: "subscribe", id, payload: { channel: "chat:a" } })
    assert.deepStrictEqual(decodeJson(JSON.stringify(subscribe(1))).map(summary), ["subscribe 1"])
    assert.deepStrictEqual(decodeJson(JSON.stringify([subscribe(1), subscribe(2)])).map(summary), [
      "subscribe 1",
      "subscribe 2"
    ])
  })

  it("ignores fields it does not know", () => {
    const text = `{"type":"subscribe","id":1,"colour":"blue","payload":{"channel":"chat:a","shape":{}}}`
    assert.strictEqual(summary(only(text)), "subscribe 1")
  })

  it.each([
    [{ versions: ["1"] }],
    [{ versions: [], token: "t" }],
    [{ versions: ["1", "2"], ticket: "t", client: "c", batch: true, colour: "blue" }],
    [{ token: "t" }],
    [{ versions: "1" }],
    [{ versions: [1] }],
    [{ versions: ["1"], token: 7 }],
    [{ versions: ["1"], token: null }],
    [{ versions: ["1"], ticket: {} }],
    [{ versions: ["1"], client: 1e30 }],
    [{ versions: ["1"], batch: "true" }]
  ])("reads a connect without subscriptions as one with none: %j", (payload) => {
    const read = (more: object) =>
      only(JSON.stringify({ type: "connect", id: 1, payload: { ...payload, ...more } }))
    assert.deepStrictEqual(read({}), read({ subscriptions: [] }))
  })

  it.each([
    ["", "bad_request 0 frame: not valid JSON"],
    ["{", "bad_request 0 frame: not valid JSON"],
    ["7", "bad_request 0 frame: must be a JSON object"],
    ["[]", "bad_request 0 frame: an empty array"],
    [`[${Array(65).fill("{}").join()}]`, "bad_request 0 frame: 65 envelopes, limit 64"]
  ])("cannot parse %j", (text, expected) => {
    const decoded = only(text)
    assert.strictEqual(summary(decoded), expected)
    assert.isTrue(decoded._tag === "Malformed" && decoded.unparsable)
  })

  it.each([
    [{ id: 1 }, "bad_request 1 type: must be a string"],
    [{ type: "dance", id: 1 }, 'unknown_type 1 type: no request "dance"'],
    [{ type: "constructor", id: 1 }, 'unknown_type 1 type: no request "constructor"'],
    [{ type: "subscribe", id: 1 }, "bad_request 1 payload.channel: Missing key"],
    [{ type: "subscribe", id: 1, payload: [] }, "bad_request 1 payload: Expected object"],
    [
      { type: "subscribe", id: 1, payload: { channel: 7 } },
      "bad_request 1 payload.channel: Expected string"
    ],
    [
      { type: "subscribe", id: 1, payload: { channel: "a:b", since: { epoch: "e", term: 1 } } },
      "bad_request 1 payload.since.offset: Missing key"
    ],
    [
      { type: "history", id: 1, payload: { channel: "a:b", limit: -1 } },
      "bad_request 1 payload.limit: Expected a value between 0 and 4294967295"
    ]
  ])("names what is wrong with %j, and keeps the id", (envelope, expected) => {
    const decoded = only(JSON.stringify(envelope))
    assert.strictEqual(summary(decoded), expected)
    assert.isFalse(decoded._tag === "Malformed" && decoded.unparsable)
  })

  it.each([0, -1, 1.5, 2 ** 31, "1", null, true])("refuses the id %j", (id) => {
    const decoded = only(JSON.stringify({ type: "unsubscribe", id, payload: { channel: "a:b" } }))
    assert.strictEqual(
      summary(decoded),
      "bad_request 0 id: must be an integer from 1 to 2147483647"
    )
  })

  it("lets only pong and signal go without an id", () => {
    assert.strictEqual(summary(only(`{"type":"pong"}`)), "pong 0")
    const signal = `{"type":"signal","payload":{"channel":"a:b","data":1}}`
    assert.strictEqual(summary(only(signal)), "signal 0")
    assert.match(summary(only(`{"type":"ping"}`)), /^bad_request 0 id/)
  })

  it.each([
    ["a JSON value", { data: { a: [1, "x"] } }, `|${hex('{"a":[1,"x"]}')}`],
    ["null", { data: null }, `|${hex("null")}`],
    ["text", { data: "hi", encoding: "text" }, `text/plain|${hex("hi")}`],
    ["binary", { data: "AP8=", encoding: "base64" }, "application/octet-stream|00ff"],
    [
      "binary of a named type",
      { data: "AP8=", encoding: "base64", contentType: "image/png" },
      "image/png|00ff"
    ],
    ["no data", {}, "payload.data: Missing key"],
    [
      "text that is none",
      { data: 7, encoding: "text" },
      "payload.data: must be a string with encoding text"
    ],
    ["bad base64", { data: "*", encoding: "base64" }, "payload.data: not valid base64"],
    [
      "base64 without padding",
      { data: "AP8", encoding: "base64" },
      "payload.data: not valid base64"
    ],
    [
      "a type that the encoding is not",
      { data: "hi", contentType: "text/plain" },
      "payload.data: encoding (none) does not fit contentType text/plain"
    ]
  ])("reads data: %s", (_title, payload, expected) => {
    assert.strictEqual(publishOf(payload), expected)
  })

  it("does not let a payload touch prototypes", () => {
    const text = `{"type":"publish","id":1,"payload":{"channel":"a:b","data":1,"__proto__":{"polluted":1}}}`
    assert.strictEqual(summary(only(text)), "publish 1")
    assert.isUndefined(({} as Record<string, unknown>)["polluted"])
  })
})
