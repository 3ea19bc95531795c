import { assert, describe, it } from "@effect/vitest"
import { Exclusions } from "./Exclusions.ts"

const named = (messageId: string, publisher = "ann") => ({ messageId, publisher })

describe("Exclusions", () => {
  it("names who is left out of a publication, once", () => {
    const exclusions = new Exclusions<string>(1_000)
    exclusions.add(named("m-1"), "laptop", 0)

    assert.isUndefined(exclusions.take(named("m-1", "bob"), 1))
    assert.isUndefined(exclusions.take(named("", "ann"), 1))
    assert.strictEqual(exclusions.take(named("m-1"), 1), "laptop")
    assert.isUndefined(exclusions.take(named("m-1"), 1))
    assert.strictEqual(exclusions.size, 0)
  })

  it("forgets what was refused, and what has not come within the window", () => {
    const exclusions = new Exclusions<string>(1_000)
    for (const [at, id] of ["refused", "late", "early"].entries()) {
      exclusions.add(named(id), "laptop", at)
    }

    exclusions.forget(named("refused"))
    assert.isUndefined(exclusions.take(named("late"), 1_001))
    assert.strictEqual(exclusions.take(named("early"), 1_001), "laptop")
    assert.strictEqual(exclusions.size, 0)
  })

  it("holds 256, and lets the oldest go for more", () => {
    const exclusions = new Exclusions<string>(1_000)
    for (let n = 0; n <= 256; n++) exclusions.add(named(`m-${n}`), "laptop", 0)

    assert.strictEqual(exclusions.size, 256)
    assert.isUndefined(exclusions.take(named("m-0"), 1))
    assert.strictEqual(exclusions.take(named("m-1"), 1), "laptop")
  })
})
