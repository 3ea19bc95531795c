/**
 * Who may do what, by chance: `npm run test:access` has more of it.
 */
import { assert, describe, it } from "@effect/vitest"
import { run } from "./Run.ts"

describe("1,500 random operations with random tokens under rules and restrictions", () => {
  it("are allowed and refused as a simple model says, and nothing is heard that it forbids", async () => {
    const { seen, wrong } = await run({ seed: 7, operations: 1_500 })

    assert.deepStrictEqual(wrong, [])
    for (const what of [
      ...["connect done", "connect refused", "subscribe done", "subscribe refused"],
      ...["publish done", "publish refused", "history done", "presence done", "signal done"],
      ...["refresh done", "delivery", "unsubscribed", "roster entry", "eviction done"]
    ]) {
      assert.isAbove(seen.get(what) ?? 0, 0, what)
    }
  }, 120_000)
})
