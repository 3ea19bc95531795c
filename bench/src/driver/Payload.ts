/**
 * Payload: the 128 bytes of every publication.
 *
 * A JSON string literal with its quotes, so that they are valid JSON, text and
 * binary alike and no system has to escape or wrap them differently: a quote, the
 * sequence in 12 digits, a time in 16 digits of microseconds, padding, a quote.
 */
import { payloadBytes } from "./Dialect.ts"

const quote = 34
const zero = 48
const padding = 120

const sequenceDigits = 12
const microsDigits = 16
const sequenceStart = 1
const microsStart = sequenceStart + sequenceDigits
const paddingStart = microsStart + microsDigits

const writeDigits = (bytes: Buffer, at: number, digits: number, value: number): void => {
  let rest = value
  for (let index = at + digits - 1; index >= at; index--) {
    const shorter = Math.floor(rest / 10)
    bytes[index] = zero + (rest - shorter * 10)
    rest = shorter
  }
}

const readDigits = (bytes: Buffer, at: number, digits: number): number => {
  let value = 0
  for (let index = at; index < at + digits; index++) value = value * 10 + (bytes[index]! - zero)
  return value
}

/** `sequence`: below 10^12. `micros`: below 2^53, by the driver's own clock (`Clock.ts`). */
export const writePayload = (bytes: Buffer, at: number, sequence: number, micros: number): void => {
  bytes[at] = quote
  writeDigits(bytes, at + sequenceStart, sequenceDigits, sequence)
  writeDigits(bytes, at + microsStart, microsDigits, micros)
  bytes.fill(padding, at + paddingStart, at + payloadBytes - 1)
  bytes[at + payloadBytes - 1] = quote
}

/** A JSON string of any length whose end is that of a payload: where dialects look for one, it has its digits. */
export const longPayload = (size: number, sequence: number, micros: number): Buffer => {
  const bytes = Buffer.alloc(size, padding)
  const at = size - payloadBytes
  writePayload(bytes, at, sequence, micros)
  bytes[at] = padding
  bytes[0] = quote
  return bytes
}

/** As many payloads as there are times, numbered from `sequence`. */
export const makePayloads = (
  sequence: number,
  times: ReadonlyArray<number>
): ReadonlyArray<Buffer> => {
  const bytes = Buffer.allocUnsafe(times.length * payloadBytes)
  return times.map((micros, index) => {
    const at = index * payloadBytes
    writePayload(bytes, at, sequence + index, micros)
    return bytes.subarray(at, at + payloadBytes)
  })
}

export const sequenceAt = (bytes: Buffer, at: number): number =>
  readDigits(bytes, at + sequenceStart, sequenceDigits)

export const microsAt = (bytes: Buffer, at: number): number =>
  readDigits(bytes, at + microsStart, microsDigits)

/** Does a payload end before this index, be it a long one? */
export const isPayloadEnd = (bytes: Buffer, end: number): boolean => bytes[end - 1] === quote

/** Are there the quotes of a payload? A dialect that looks in the wrong place is found out. */
export const isPayload = (bytes: Buffer, at: number): boolean =>
  bytes[at] === quote && bytes[at + payloadBytes - 1] === quote
