/**
 * Varint: protobuf's numbers and fields, for the few messages that are read and written by hand.
 *
 * Numbers are below 2^53, as everywhere in Weir.
 */

/** How many bytes the number takes. */
export const varintBytes = (value: number): number => {
  let count = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++
  return count
}

/** Writes the number; returns where it ends. */
export const writeVarint = (bytes: Uint8Array, value: number, at: number): number => {
  let rest = value
  let end = at
  while (rest >= 0x80) {
    bytes[end++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[end++] = rest
  return end
}

/**
 * Puts the length of what stands at [begin, end) before it, where so many bytes were left for
 * it; gives where it ends then.
 */
export const closeLength = (bytes: Buffer, begin: number, end: number, room = 1): number => {
  const length = end - begin
  const start = begin - room
  if (room === 1 && length < 0x80) {
    bytes[start] = length
    return end
  }
  const moved = start + varintBytes(length)
  if (moved !== begin) bytes.copyWithin(moved, begin, end)
  writeVarint(bytes, length, start)
  return moved + length
}

/** A field of text, which is left out when it is empty; gives where it ends. */
export const writeText = (bytes: Buffer, tag: number, text: string, at: number): number => {
  if (text === "") return at
  bytes[at] = tag
  const begin = at + 2
  return closeLength(bytes, begin, begin + bytes.write(text, begin))
}

/** A field with a number, which is left out when it is 0; gives where it ends. */
export const writeNumber = (bytes: Buffer, tag: number, value: number, at: number): number => {
  if (value === 0) return at
  bytes[at] = tag
  return writeVarint(bytes, value, at + 1)
}

/** The bytes of a message and how far they have been read. Throws past their end. */
export class Cursor {
  readonly bytes: Buffer
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.byteLength) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.end = end
  }

  varint(): number {
    let value = 0
    let factor = 1
    // A number that fits 2^53 takes eight bytes; one that does not is none of ours.
    for (let count = 0; count < 8; count++) {
      const byte = this.bytes[this.at++]
      if (byte === undefined || this.at > this.end) throw new Error("the message is cut off")
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 0x80
    }
    throw new Error("a number beyond 2^53")
  }

  /** Reads a length and steps over as many bytes; returns where they end. */
  length(): number {
    const length = this.varint()
    const end = this.at + length
    if (end > this.end) throw new Error("the message is cut off")
    this.at = end
    return end - length
  }

  text(): string {
    const begin = this.length()
    return this.bytes.toString("utf8", begin, this.at)
  }

  /** A view, not a copy. */
  view(): Buffer {
    const begin = this.length()
    return this.bytes.subarray(begin, this.at)
  }

  /** Steps over a field that is not known, by the wire type in its tag. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.varint()
        return
      case 1:
        this.at += 8
        return
      case 2:
        this.length()
        return
      case 5:
        this.at += 4
        return
      default:
        throw new Error(`wire type ${tag & 7}`)
    }
  }
}
