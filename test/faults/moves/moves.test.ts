import { assert, describe, it } from "@effect/vitest"
import { runMoves } from "./Moves.ts"

describe("publications while routers join and leave as planned", () => {
  it("are all accepted at contiguous positions, and no shard moves between routers that stay", async () => {
    const { accepted, broken, different, failures, moved, strayed } = await runMoves({
      publications: 4_000,
      channels: 200,
      // Beside other tests: what is asked here is order and not speed.
      rate: 500,
      changes: ["+router-4", "-router-1"]
    })
    assert.deepStrictEqual(failures, {})
    assert.strictEqual(accepted, 4_000)
    assert.deepStrictEqual(broken, [])
    assert.deepStrictEqual(different, [])
    assert.strictEqual(strayed, 0)
    assert.isAbove(moved, 0)
  }, 120_000)
})
