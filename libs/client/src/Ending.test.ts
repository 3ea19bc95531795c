import { assert, describe, it } from "@effect/vitest"
import { finalFailure, hintOf, mayReturn } from "./Ending.ts"

describe("Ending", () => {
  it.each([
    ["comes back after a cut without a close frame", 1006, true],
    ["comes back after a shutdown", 3001, true],
    ["comes back from the last code of the first range", 3499, true],
    ["stays away after an invalid token", 3500, false],
    ["stays away after the last final code", 3999, false],
    ["comes back from an application's code", 4000, true],
    ["stays away after an application's final code", 4500, false]
  ] as const)("%s", (_title, code, expected) => {
    assert.strictEqual(mayReturn(code), expected)
  })

  it("reads the hint in a close reason", () => {
    assert.deepStrictEqual(hintOf("shutdown;after=250-4000"), { min: 250, max: 4000 })
  })

  it("finds no hint in a plain reason", () => {
    assert.isUndefined(hintOf("slow_consumer"))
  })

  it("says who closed, and that trying again is of no use", () => {
    const failure = finalFailure({ code: 3500, reason: "invalid_token" })

    assert.deepInclude(failure, { code: "unauthenticated", closeCode: 3500, retryable: false })
    assert.include(failure.message, "3500 invalid_token")
  })
})
