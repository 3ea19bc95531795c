import { randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { frameDeflated, frameMessage, frameText } from "./Frame.ts"

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

describe("frameDeflated", () => {
  it("compresses from 1 KiB on, each message by itself, and sets the bit that says so", () => {
    const message = Buffer.alloc(1_024, "abcd")
    const frame = frameDeflated(message, "text")
    assert.strictEqual(frame[0], 0xc1)
    assert.isBelow(frame.byteLength, 50)
    assert.notStrictEqual(frame.subarray(-4).toString("hex"), "0000ffff")
    assert.deepStrictEqual(frameDeflated(message, "text"), frame)
    assert.strictEqual(frameDeflated(message, "binary")[0], 0xc2)
  })

  it.each([
    ["short", Buffer.alloc(1_023)],
    ["no smaller when it is compressed", randomBytes(5_000)]
  ])("leaves a message as it is that is %s", (_what, message) => {
    assert.deepStrictEqual(frameDeflated(message, "binary"), frameMessage(message, "binary"))
  })
})

describe("frameText", () => {
  it.each(["", "a", "grüße 👋", "x".repeat(126), "ü".repeat(40_000)])("frames text", (text) => {
    assert.deepStrictEqual(frameText(text), frameMessage(Buffer.from(text), "text"))
  })
})
