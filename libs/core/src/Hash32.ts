/**
 * Hash32: a hash that never changes between versions, for shards and rings.
 *
 * FNV-1a over the UTF-8 bytes, then murmur3's finalizer, since FNV alone leaves
 * the low bits of short, similar names uneven.
 */
const encoder = new TextEncoder()

export const hash32 = (text: string): number => {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
