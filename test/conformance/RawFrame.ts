/**
 * RawFrame: a client's frame as bytes, right or wrong in any of its parts (RFC 6455 §5.2).
 */
import { constants, deflateRawSync, type ZlibOptions } from "node:zlib"

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface FrameOptions {
  readonly fin?: boolean
  /** All three as one number: RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv?: number
  readonly mask?: Uint8Array | "none"
  /** How the length is written; without it, in as few bits as it needs. */
  readonly lengthBits?: 7 | 16 | 64
  /** What it says, if that is not how long the payload is. */
  readonly length?: bigint
}

export type Payload = Uint8Array | string

/** The one of the examples in RFC 6455 §5.7. */
const exampleMask = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

const lengthField = (length: bigint, bits: 7 | 16 | 64): Buffer => {
  if (bits === 7) return Buffer.of(Number(length))
  const field = Buffer.alloc(bits === 16 ? 3 : 9)
  if (bits === 16) {
    field[0] = 126
    field.writeUInt16BE(Number(length), 1)
  } else {
    field[0] = 127
    field.writeBigUInt64BE(length, 1)
  }
  return field
}

export const frame = (
  opcode: number,
  payload: Payload = "",
  { fin = true, rsv = 0, mask = exampleMask, ...more }: FrameOptions = {}
): Buffer => {
  const data = Buffer.from(payload)
  const length = more.length ?? BigInt(data.length)
  const bits = more.lengthBits ?? (length < 126 ? 7 : length < 65_536 ? 16 : 64)
  const field = lengthField(length, bits)
  const first = Buffer.of((fin ? 0x80 : 0) | (rsv << 4) | opcode)
  if (mask === "none") return Buffer.concat([first, field, data])
  field[0]! |= 0x80
  const masked = data.map((byte, index) => byte ^ mask[index % 4]!)
  return Buffer.concat([first, field, mask, masked])
}

export const text = (payload?: Payload, options?: FrameOptions): Buffer =>
  frame(opcodes.text, payload, options)

export const binary = (payload?: Payload, options?: FrameOptions): Buffer =>
  frame(opcodes.binary, payload, options)

export const continuation = (payload?: Payload, options?: FrameOptions): Buffer =>
  frame(opcodes.continuation, payload, options)

export const ping = (payload?: Payload, options?: FrameOptions): Buffer =>
  frame(opcodes.ping, payload, options)

export const pong = (payload?: Payload, options?: FrameOptions): Buffer =>
  frame(opcodes.pong, payload, options)

/** Without a code, without a payload. */
export const close = (code?: number, reason: Payload = "", options?: FrameOptions): Buffer => {
  if (code === undefined) return frame(opcodes.close, "", options)
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)])
  payload.writeUInt16BE(code)
  return frame(opcodes.close, payload, options)
}

/** One message in frames that hold these parts. */
export const fragments = (
  parts: ReadonlyArray<Payload>,
  opcode: number = opcodes.text
): ReadonlyArray<Buffer> =>
  parts.map((part, index) =>
    frame(index === 0 ? opcode : opcodes.continuation, part, { fin: index === parts.length - 1 })
  )

/** What a compressed message ends with, and leaves out (RFC 7692 §7.2.1). */
export const deflateTail = Buffer.of(0, 0, 0xff, 0xff)

/** A message as RFC 7692 has it compressed, by itself unless a dictionary says otherwise. */
export const deflate = (message: Payload, options: ZlibOptions = {}): Buffer => {
  const flushed = { finishFlush: constants.Z_SYNC_FLUSH, ...options }
  return deflateRawSync(message, flushed).subarray(0, -deflateTail.length)
}

/** Cut before each of these places. */
export const cutAt = (bytes: Uint8Array, ...places: ReadonlyArray<number>) =>
  [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))

export const byteByByte = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
