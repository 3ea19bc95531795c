/**
 * Frames and calls that nobody should send. `npm run test:fuzz` sends more, or others: with
 * `--seed 5 --frames 100000 --calls 20000` these and those that would follow.
 */
import { assert, describe, it } from "@effect/vitest"
import { fuzz } from "./Fuzz.ts"

describe("4,000 fuzzed messages and 1,000 fuzzed calls", () => {
  it("end nothing, leave nothing behind, and are not felt by a healthy client", async () => {
    const { complaints, healthy, heaps, messagesRead, seen } = await fuzz({
      seed: 5,
      frames: 4_000,
      calls: 1_000,
      onProgress: () => {}
    })

    assert.deepStrictEqual(complaints, [])
    assert.isAtLeast(messagesRead, 3_600)
    assert.deepStrictEqual(
      healthy.received,
      Array.from({ length: healthy.published }, (_, index) => index + 1)
    )
    const [before, after] = heaps
    const growth = after.usedBytes + after.bufferBytes - before.usedBytes - before.bufferBytes
    assert.isBelow(growth, 8 * 1024 * 1024)
    assert.isAtMost(after.handles, before.handles + 20)
    // It was more than refusals: the way in is fuzzed, and what lies behind it.
    for (const what of ["subscribed", "published", "history", "error bad_request", "gRPC OK"]) {
      assert.isAbove(seen.get(what) ?? 0, 25, what)
    }
  }, 240_000)
})
