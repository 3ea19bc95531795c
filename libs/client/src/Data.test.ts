import { assert, describe, it } from "@effect/vitest"
import { decodeData, encodeData } from "./Data.ts"

describe("Data", () => {
  it.each([
    ["carries a JSON value as itself", { text: "hi" }, undefined, { data: { text: "hi" } }],
    ["carries a string as JSON unless told otherwise", "hi", undefined, { data: "hi" }],
    [
      "carries a string as text when the content type says so",
      "hi",
      "text/plain",
      { data: "hi", encoding: "text", contentType: "text/plain" }
    ],
    [
      "carries bytes as they are, under the name of their text form",
      new Uint8Array([0, 255, 16]),
      undefined,
      {
        data: new Uint8Array([0, 255, 16]),
        encoding: "base64",
        contentType: "application/octet-stream"
      }
    ]
  ])("%s", (_title, data, contentType, expected) => {
    assert.deepStrictEqual(encodeData(data, contentType), expected)
  })

  it("takes bytes from base64", () => {
    const { data } = decodeData({ data: "AP8Q", encoding: "base64" })
    assert.deepStrictEqual(data, new Uint8Array([0, 255, 16]))
  })

  it.each([
    ["gives back a JSON value", { n: [1, null] }, undefined, "application/json"],
    ["gives back a text", "one\ntwo", "text/plain", "text/plain"],
    ["gives back bytes", new Uint8Array(20_000).fill(7), "image/png", "image/png"]
  ])("%s", (_title, data, contentType, expected) => {
    assert.deepStrictEqual(decodeData(encodeData(data, contentType)), {
      data,
      contentType: expected
    })
  })

  it.each([
    ["refuses a text that is no string", 7, "text/plain"],
    ["refuses a string under a binary content type", "x", "image/png"],
    ["refuses bytes under a text content type", new Uint8Array(1), "text/plain"],
    ["refuses what JSON cannot say", undefined, undefined]
  ])("%s", (_title, data, contentType) => {
    assert.throws(() => encodeData(data, contentType))
  })
})
