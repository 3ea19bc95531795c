import { assert, describe, it } from "@effect/vitest"
import { maxAgeMs } from "./MaxAge.ts"

const ages = Array.from({ length: 10_000 }, (_, n) => maxAgeMs(7_200, `connector-1.${n}`))

describe("the age that a connection may reach", () => {
  it("is the limit, 20 % less or more", () => {
    assert.isAtLeast(Math.min(...ages), 0.8 * 7_200_000)
    assert.isAtMost(Math.max(...ages), 1.2 * 7_200_000)
  })

  it("is spread evenly, for sessions that differ in a digit", () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    for (const age of ages) {
      const tenth = Math.floor(((age / 7_200_000 - 0.8) / 0.4) * 10)
      tenths[tenth]!++
    }
    for (const count of tenths) assert.closeTo(count, 1_000, 150)
  })

  it("stays what it is for a session", () => {
    assert.strictEqual(maxAgeMs(7_200, "connector-1.a"), maxAgeMs(7_200, "connector-1.a"))
  })

  it("has no end where there is no limit", () => {
    assert.strictEqual(maxAgeMs(0, "connector-1.a"), Number.POSITIVE_INFINITY)
  })
})
