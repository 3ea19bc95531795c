import { assert, describe, it } from "@effect/vitest"
import { nextTerm } from "./Term.ts"

const now = Date.UTC(2026, 10, 23)

describe("nextTerm", () => {
  it("grows with every owner, whatever their own bits are", () => {
    const first = nextTerm(now, 0, 2_047)
    const second = nextTerm(now, first, 0)
    assert.isAbove(second, first)
  })

  it("grows although the clock has stepped back", () => {
    const first = nextTerm(now, 0, 5)
    assert.isAbove(nextTerm(now - 86_400_000, first, 5), first)
  })

  it("grows although nobody remembers the last one", () => {
    const first = nextTerm(now, 0, 5)
    assert.isAbove(nextTerm(now + 1, 0, 0), first)
  })

  it("is never the same for two owners", () => {
    assert.notStrictEqual(nextTerm(now, 0, 5), nextTerm(now, 0, 6))
  })

  it("stays an exact number until 2109", () => {
    assert.isTrue(Number.isSafeInteger(nextTerm(Date.UTC(2109, 0, 1), 0, 2_047)))
  })
})
