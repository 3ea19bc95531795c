/**
 * FrameReader: WebSocket messages out of a stream of bytes (RFC 6455 §5.2), from a
 * server, which does not mask.
 *
 * A frame that lies whole in what was read is given as it lies: nothing is copied.
 * Only what is cut off by the end of a read is kept until the rest is there.
 */
export interface FrameSink {
  /** One whole text or binary message at [start, end); the bytes are valid only during the call. */
  readonly message: (bytes: Buffer, start: number, end: number) => void
  readonly ping: (payload: Buffer) => void
  readonly close: (code: number, reason: string) => void
}

const finBit = 0x80
const opcodeBits = 0x0f
const continuation = 0x0
const closing = 0x8
const ping = 0x9
const pong = 0xa

/** 1005: a close frame that holds no code. */
const noCode = 1005

export class FrameReader {
  readonly #sink: FrameSink
  /** The begin of a frame that is not whole yet. */
  #rest: Buffer | undefined
  /** Messages may come in several frames. */
  #fragments: Array<Buffer> = []

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  push(read: Buffer, from: number, to: number): void {
    if (this.#rest === undefined) {
      const used = this.#frames(read, from, to)
      // The caller reads into the same memory again.
      if (used < to) this.#rest = Buffer.from(read.subarray(used, to))
      return
    }
    const bytes = Buffer.concat([this.#rest, read.subarray(from, to)])
    const used = this.#frames(bytes, 0, bytes.length)
    this.#rest = used < bytes.length ? bytes.subarray(used) : undefined
  }

  /** Gives every whole frame; returns where the first one begins that is not. */
  #frames(bytes: Buffer, from: number, to: number): number {
    let at = from
    while (at + 2 <= to) {
      let length = bytes[at + 1]!
      let start = at + 2
      if (length === 126) {
        if (start + 2 > to) break
        length = bytes.readUInt16BE(start)
        start += 2
      } else if (length === 127) {
        if (start + 8 > to) break
        length = Number(bytes.readBigUInt64BE(start))
        start += 8
      }
      const end = start + length
      if (end > to) break
      this.#frame(bytes[at]!, bytes, start, end)
      at = end
    }
    return at
  }

  #frame(first: number, bytes: Buffer, start: number, end: number): void {
    const opcode = first & opcodeBits
    switch (opcode) {
      case ping:
        return this.#sink.ping(Buffer.from(bytes.subarray(start, end)))
      case pong:
        return
      case closing:
        return end - start < 2
          ? this.#sink.close(noCode, "")
          : this.#sink.close(bytes.readUInt16BE(start), bytes.toString("utf8", start + 2, end))
    }
    const isLast = (first & finBit) !== 0
    if (isLast && opcode !== continuation) return this.#sink.message(bytes, start, end)
    this.#fragments.push(Buffer.from(bytes.subarray(start, end)))
    if (!isLast) return
    const whole = Buffer.concat(this.#fragments)
    this.#fragments = []
    this.#sink.message(whole, 0, whole.length)
  }
}

const maskBit = 0x80

/**
 * A client's frame. It has to be masked; a mask of zeros leaves the bytes as they
 * are, and costs the server as much as any other.
 */
export const clientFrame = (opcode: number, payload: Buffer): Buffer => {
  const length = payload.length
  const wide = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const frame = Buffer.alloc(2 + wide + 4 + length)
  frame[0] = finBit | opcode
  frame[1] = maskBit | (wide === 0 ? length : wide === 2 ? 126 : 127)
  if (wide === 2) frame.writeUInt16BE(length, 2)
  if (wide === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  payload.copy(frame, 2 + wide + 4)
  return frame
}

export const textOpcode = 0x1
export const binaryOpcode = 0x2
export const pongOpcode = pong
