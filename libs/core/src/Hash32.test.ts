import { assert, describe, it } from "@effect/vitest"
import { hash32 } from "./Hash32.ts"

/** As the header comment says it, byte by byte. */
const byBytes = (text: string): number => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

describe("hash32", () => {
  it.each(["", "chat:lobby", "live:bench-17", "~\x7f", "chat:é", "水chat", "a🐟b", "chat:\ud800"])(
    "is the hash of the UTF-8 bytes: %j",
    (text) => {
      assert.strictEqual(hash32(text), byBytes(text))
    }
  )

  it("never changes, since every channel's shard hangs on it", () => {
    assert.deepStrictEqual(["chat:lobby", "chat:é"].map(hash32), [461673888, 151497127])
  })
})
