import { assert, describe, it } from "@effect/vitest"
import { backoffMs, spreadMs } from "./Backoff.ts"

describe("Backoff", () => {
  const backoff = { minMs: 500, maxMs: 20_000 }

  it.each([
    ["spreads the first wait below the minimum bound", 0, 0.5, 250],
    ["doubles the bound with each attempt", 3, 0.5, 2_000],
    ["never passes the maximum bound", 50, 0.999999, 19_999],
    ["may come back at once", 7, 0, 0],
    ["stays finite after very many attempts", 5_000, 0.5, 10_000]
  ] as const)("%s", (_title, attempt, random, expected) => {
    assert.strictEqual(backoffMs(attempt, backoff, random), expected)
  })

  it("picks a moment within the spread that the server asked for", () => {
    assert.strictEqual(spreadMs({ min: 1_000, max: 5_000 }, 0), 1_000)
    assert.strictEqual(spreadMs({ min: 1_000, max: 5_000 }, 0.5), 3_000)
  })

  it("takes the minimum of a spread that ends before it begins", () => {
    assert.strictEqual(spreadMs({ min: 1_000, max: 0 }, 0.5), 1_000)
  })
})
