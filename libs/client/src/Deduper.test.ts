import { assert, describe, it } from "@effect/vitest"
import { Deduper } from "./Deduper.ts"

describe("Deduper", () => {
  const make = () => new Deduper({ windowMs: 120_000, limit: 3 })

  it("tells a repeat within the window", () => {
    const deduper = make()
    assert.isFalse(deduper.isRepeat("ann", "m-1", 0))

    assert.isTrue(deduper.isRepeat("ann", "m-1", 119_999))
  })

  it("forgets a message when the window has passed", () => {
    const deduper = make()
    deduper.isRepeat("ann", "m-1", 0)

    assert.isFalse(deduper.isRepeat("ann", "m-1", 120_000))
  })

  it("does not mix two publishers that use the same id", () => {
    const deduper = make()
    deduper.isRepeat("ann", "m-1", 0)

    assert.isFalse(deduper.isRepeat("bob", "m-1", 0))
  })

  it("takes no two publications without an id for the same", () => {
    const deduper = make()
    deduper.isRepeat("ann", "", 0)

    assert.isFalse(deduper.isRepeat("ann", "", 0))
    assert.strictEqual(deduper.size, 0)
  })

  it("forgets the oldest when more come than it may hold", () => {
    const deduper = make()
    for (const id of ["m-1", "m-2", "m-3", "m-4"]) deduper.isRepeat("ann", id, 0)

    assert.strictEqual(deduper.size, 3)
    assert.isTrue(deduper.isRepeat("ann", "m-4", 1))
    assert.isFalse(deduper.isRepeat("ann", "m-1", 1))
  })

  it("lets go of everything that is too old, not only of one entry", () => {
    const deduper = make()
    deduper.isRepeat("ann", "m-1", 0)
    deduper.isRepeat("ann", "m-2", 1)

    deduper.isRepeat("ann", "m-3", 500_000)

    assert.strictEqual(deduper.size, 1)
  })
})
