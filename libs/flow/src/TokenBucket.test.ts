import { assert, describe, it } from "@effect/vitest"
import { TokenBucket } from "./TokenBucket.ts"

describe("TokenBucket", () => {
  it("allows its burst at once, then says how long to wait", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0)
    assert.deepStrictEqual([bucket.take(0), bucket.take(0), bucket.take(0)], [0, 0, 100])
  })

  it("fills at its rate and never above its burst", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0)
    bucket.take(0, 2)
    assert.strictEqual(bucket.take(100), 0)
    assert.strictEqual(bucket.take(60_000, 2), 0)
    assert.strictEqual(bucket.take(60_000), 100)
  })

  it("takes nothing when it refuses", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 3 }, 0)
    bucket.take(0, 2)
    assert.strictEqual(bucket.take(0, 2), 1000)
    assert.strictEqual(bucket.take(0), 0)
  })

  it("is not confused by a clock that steps back", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 1000)
    bucket.take(1000)
    assert.strictEqual(bucket.take(0), 1000)
  })
})
