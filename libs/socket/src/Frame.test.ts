import { assert, describe, it } from "@effect/vitest"
import { frameMessage, frameText } from "./Frame.ts"

describe("frameMessage", () => {
  it.each([
    [0, "8100"],
    [1, "8101"],
    [125, "817d"],
    [126, "817e007e"],
    [65_535, "817effff"],
    [65_536, "817f0000000000010000"]
  ])("writes the length of a message of %i bytes in the shortest form", (length, header) => {
    const frame = frameMessage(new Uint8Array(length).fill(7), "text")
    assert.strictEqual(frame.subarray(0, header.length / 2).toString("hex"), header)
    assert.strictEqual(frame.byteLength, header.length / 2 + length)
    assert.isTrue(frame.subarray(header.length / 2).every((byte) => byte === 7))
  })

  it("marks binary messages", () => {
    assert.strictEqual(frameMessage(new Uint8Array([1]), "binary").toString("hex"), "820101")
  })
})

describe("frameText", () => {
  it.each(["", "a", "grüße 👋", "x".repeat(126), "ü".repeat(40_000)])("frames text", (text) => {
    assert.deepStrictEqual(frameText(text), frameMessage(Buffer.from(text), "text"))
  })
})
