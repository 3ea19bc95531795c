import { assert, describe, it } from "@effect/vitest"
import { checkContent } from "./Content.ts"
import { Failure } from "./Failure.ts"

const text = (value: string) => new TextEncoder().encode(value)
const bytes = (...values: ReadonlyArray<number>) => new Uint8Array(values)

const stored = (contentType: string, data: Uint8Array, limit = 100) => {
  const result = checkContent(contentType, data, limit)
  return result instanceof Failure
    ? `${result.code} ${result.message}`
    : Buffer.from(result).toString("latin1")
}

describe("checkContent", () => {
  it.each([
    ["JSON as it stands", "", text('{ "a" : 1 }'), '{ "a" : 1 }'],
    ["JSON by name", "application/json", text("null"), "null"],
    ["JSON without its line breaks", "", text('{\r\n"a":\n"x\\n"}'), '{"a":"x\\n"}'],
    ["text with its line breaks", "text/plain", text("a\nb"), "a\nb"],
    ["any bytes as binary", "image/png", bytes(0xff, 0x0a, 0), "\xff\n\0"],
    ["nothing as text", "text/plain", bytes(), ""]
  ])("stores %s", (_title, contentType, data, expected) => {
    assert.strictEqual(stored(contentType, data), expected)
  })

  it.each([
    ["JSON that is none", "", text("{"), "bad_request data: not valid JSON"],
    ["no JSON at all", "", bytes(), "bad_request data: not valid JSON"],
    ["two JSON values", "", text("1 2"), "bad_request data: not valid JSON"],
    ["JSON after a byte order mark", "", text("\ufeff1"), "bad_request data: not valid JSON"],
    ["JSON in another encoding", "", bytes(0x22, 0xff, 0x22), "bad_request data: not valid UTF-8"],
    [
      "text in another encoding",
      "text/plain",
      bytes(0xc3, 0x28),
      "bad_request data: not valid UTF-8"
    ],
    [
      "more than the limit",
      "image/png",
      new Uint8Array(101),
      "payload_too_large data: 101 bytes, limit 100"
    ],
    [
      "a content type with a line break",
      "a\nb",
      bytes(),
      "bad_request contentType: must be printable ASCII of at most 128 bytes"
    ]
  ])("refuses %s", (_title, contentType, data, expected) => {
    assert.strictEqual(stored(contentType, data), expected)
  })
})
