/**
 * Hmac: HMAC-SHA-256 (RFC 2104) of short texts, as two digests.
 *
 * Node's own is an object for each text, with a native half that the garbage collector has
 * to end: a handshake in which one ticket is verified took 40 µs more of 310 with it. The
 * digests are Node's, each in one call that leaves nothing behind.
 */
import { hash } from "node:crypto"

/** What SHA-256 takes at once. */
const blockBytes = 64
const digestBytes = 32

/** In UTF-16, of which each unit is three bytes in UTF-8 at most. */
export const maxTextLength = 4_096

/** A key no longer than a block, masked to fill one. */
const pad = (secret: Uint8Array, mask: number): Buffer => {
  const block = Buffer.alloc(blockBytes, mask)
  for (const [index, byte] of secret.entries()) block[index] = byte ^ mask
  return block
}

/** Gives the MAC of a text's UTF-8, in base64url. `secret`: 64 bytes at most. */
export const hmacSha256 = (secret: Uint8Array): ((text: string) => string) => {
  if (secret.byteLength > blockBytes) throw new RangeError("secret: limit 64 bytes")
  const inner = Buffer.alloc(blockBytes + 3 * maxTextLength)
  const outer = Buffer.alloc(blockBytes + digestBytes)
  pad(secret, 0x36).copy(inner)
  pad(secret, 0x5c).copy(outer)
  return (text) => {
    if (text.length > maxTextLength) throw new RangeError(`text: limit ${maxTextLength}`)
    const end = blockBytes + inner.write(text, blockBytes)
    // As a string, since a digest as a buffer of its own costs 1.5 µs more.
    outer.write(hash("sha256", inner.subarray(0, end), "binary"), blockBytes, "binary")
    return hash("sha256", outer, "base64url")
  }
}
