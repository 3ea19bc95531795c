/**
 * Frame: a whole WebSocket message as the bytes that go on the wire (RFC 6455 §5.2).
 *
 * A server's frames are not masked, so one frame is the same for every client
 * and is made once for all of them.
 */
import { deflated } from "./Deflate.ts"

/** FIN and the opcode. */
const textFrame = 0x81
const binaryFrame = 0x82

/** The message is compressed (RFC 7692 §6). */
const rsv1 = 0x40

const headerBytes = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10)

/** A frame whose payload is still to be filled in, behind so many bytes of header. */
const emptyFrame = (length: number, header: number, kind: "text" | "binary"): Buffer => {
  const frame = Buffer.allocUnsafe(header + length)
  frame[0] = kind === "text" ? textFrame : binaryFrame
  if (header === 2) {
    frame[1] = length
  } else if (header === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  return frame
}

export const frameMessage = (payload: Uint8Array, kind: "text" | "binary"): Buffer => {
  const length = payload.byteLength
  const header = headerBytes(length)
  const frame = emptyFrame(length, header, kind)
  frame.set(payload, header)
  return frame
}

/** Compressed where that makes it smaller, for clients that have agreed to it. */
export const frameDeflated = (payload: Uint8Array, kind: "text" | "binary"): Buffer => {
  const compressed = deflated(payload)
  if (compressed === undefined) return frameMessage(payload, kind)
  const frame = frameMessage(compressed, kind)
  frame[0]! |= rsv1
  return frame
}

/** Written where it goes: to encode it first, and copy it then, costs twice as much. */
export const frameText = (text: string): Buffer => {
  const length = Buffer.byteLength(text)
  const header = headerBytes(length)
  const frame = emptyFrame(length, header, "text")
  frame.write(text, header)
  return frame
}
