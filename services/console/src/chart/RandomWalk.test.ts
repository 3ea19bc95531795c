import { assert, describe, it } from "@effect/vitest"
import { stepAfter } from "./RandomWalk.ts"

describe("RandomWalk", () => {
  it("stays between 0 and 100 even if it always goes the same way", () => {
    let [up, down] = [50, 50]
    for (let step = 0; step < 1_000; step++) {
      up = stepAfter(up, 0.999)
      down = stepAfter(down, 0)
    }

    assert.isAtMost(up, 100)
    assert.isAtLeast(down, 0)
    assert.isAbove(up, 90)
    assert.isBelow(down, 10)
  })

  it("comes home by itself", () => {
    assert.isBelow(stepAfter(90, 0.5), 90)
    assert.isAbove(stepAfter(10, 0.5), 10)
  })
})
