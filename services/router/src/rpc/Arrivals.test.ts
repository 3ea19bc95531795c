import { assert, describe, it } from "@effect/vitest"
import { Arrivals } from "./Arrivals.ts"

describe("a stream's own time", () => {
  it("passes while it waits for its sender, and hardly while that waits for it", () => {
    const arrivals = new Arrivals(100)
    arrivals.arrived(150)
    assert.strictEqual(arrivals.time, 50)
    arrivals.done(150 + 1_600)
    assert.strictEqual(arrivals.time, 150)
    arrivals.arrived(150 + 1_700)
    assert.strictEqual(arrivals.time, 250)
  })

  it("is known between arrivals, too: a refusal may come long after the last one", () => {
    const arrivals = new Arrivals(100)
    assert.strictEqual(arrivals.at(160), 60)
    arrivals.arrived(200)
    assert.strictEqual(arrivals.at(200 + 160), 110)
    arrivals.done(200 + 160)
    assert.strictEqual(arrivals.at(200 + 160 + 40), 150)
  })
})
