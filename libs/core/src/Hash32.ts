/**
 * Hash32: a hash that never changes between versions, for shards and rings.
 *
 * FNV-1a over the UTF-8 bytes, then murmur3's finalizer, since FNV alone leaves
 * the low bits of short, similar names uneven.
 */
const encoder = new TextEncoder()

const step = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193)

const fnv = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    // Until here each character is its own byte; to encode a name costs ten times as much.
    if (code > 0x7f) return encoder.encode(text).reduce(step, 0x811c9dc5)
    hash = step(hash, code)
  }
  return hash
}

export const hash32 = (text: string): number => {
  let hash = fnv(text)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
