import { assert, describe, it } from "@effect/vitest"
import { frameMessage } from "@weir/socket/Frame"
import { clientFrame, FrameReader, pongOpcode, textOpcode } from "./FrameReader.ts"

const reading = () => {
  const heard: Array<string> = []
  const reader = new FrameReader({
    message: (bytes, start, end) => heard.push(bytes.toString("utf8", start, end)),
    ping: (payload) => heard.push(`ping ${payload}`),
    close: (code, reason) => heard.push(`close ${code} ${reason}`)
  })
  return { heard, reader }
}

/** Every byte in a read of its own, each into the same memory. */
const byteByByte = (reader: FrameReader, bytes: Buffer) => {
  const memory = Buffer.alloc(1)
  for (const byte of bytes) {
    memory[0] = byte
    reader.push(memory, 0, 1)
  }
}

const messages = ["", "short", "x".repeat(125), "y".repeat(126), "z".repeat(70_000)]
const frames = Buffer.concat(messages.map((it) => frameMessage(Buffer.from(it), "text")))

describe("FrameReader", () => {
  it("gives every message of one read, of each kind of length", () => {
    const { heard, reader } = reading()
    reader.push(frames, 0, frames.length)
    assert.deepStrictEqual(heard, messages)
  })

  it("gives the same however the bytes are cut, and though the memory is used again", () => {
    const { heard, reader } = reading()
    byteByByte(reader, frames.subarray(0, 300))
    reader.push(
      Buffer.concat([Buffer.from("before"), frames.subarray(300)]),
      6,
      frames.length - 294
    )
    assert.deepStrictEqual(heard, messages)
  })

  it("puts the pieces of a message together, around a ping", () => {
    const { heard, reader } = reading()
    const bytes = Buffer.from([0x01, 2, 97, 98, 0x89, 1, 33, 0x80, 1, 99])
    reader.push(bytes, 0, bytes.length)
    assert.deepStrictEqual(heard, ["ping !", "abc"])
  })

  it("tells with which code it was closed", () => {
    const { heard, reader } = reading()
    reader.push(Buffer.from([0x88, 4, 0x0b, 0xc0, 103, 111, 0x88, 0]), 0, 8)
    assert.deepStrictEqual(heard, ["close 3008 go", "close 1005 "])
  })
})

describe("clientFrame", () => {
  it.each([0, 125, 126, 65_536])("is masked, and as long as it says, with %i bytes", (length) => {
    const payload = Buffer.alloc(length, 7)
    const frame = clientFrame(textOpcode, payload)
    assert.strictEqual(frame[0], 0x81)
    assert.isAbove(frame[1]! & 0x80, 0)
    assert.isTrue(frame.subarray(frame.length - length).equals(payload))
    assert.isTrue(
      frame.subarray(frame.length - length - 4, frame.length - length).equals(Buffer.alloc(4))
    )
  })

  it("answers a ping with a pong", () => {
    assert.strictEqual(clientFrame(pongOpcode, Buffer.from("a"))[0], 0x8a)
  })
})
