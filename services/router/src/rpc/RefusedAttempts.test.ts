import { assert, describe, it } from "@effect/vitest"
import { type Failure, failure } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import { Exit } from "effect"
import { Moved } from "../domain/Moved.ts"
import { RefusedAttempts } from "./RefusedAttempts.ts"

type Refused = Exit.Failure<Accepted, Failure | Moved>

const moved = Exit.fail(new Moved({ shard: 1, term: 9, owner: "r2", view: 3 })) as Refused
const denied = Exit.fail(failure("permission_denied", "no")) as Refused

const reasonOf = (refused: Refused | undefined) => {
  const [reason] = refused?.cause.reasons ?? []
  if (reason?._tag !== "Fail") return undefined
  return reason.error instanceof Moved ? "moved" : reason.error.code
}

describe("RefusedAttempts", () => {
  it("lets everything pass until something is refused", () => {
    assert.isUndefined(new RefusedAttempts().find("chat:lobby", 1))
  })

  it.each([
    ["aborts what is behind one that failed", denied, 4, "aborted"],
    ["sends elsewhere what is behind one that was sent elsewhere", moved, 4, "moved"],
    ["refuses what is of an older attempt", denied, 3, "aborted"],
    ["lets a newer attempt pass", denied, 5, undefined]
  ] as const)("%s", (_title, exit, attempt, expected) => {
    const refused = new RefusedAttempts()
    refused.refuse("chat:lobby", 4, exit)
    assert.strictEqual(reasonOf(refused.find("chat:lobby", attempt)), expected)
    assert.isUndefined(refused.find("chat:other", attempt))
  })

  it("keeps the first answer of an attempt: the others are behind it", () => {
    const refused = new RefusedAttempts()
    refused.refuse("chat:lobby", 4, moved)
    refused.refuse("chat:lobby", 4, denied)
    refused.refuse("chat:lobby", 3, denied)
    assert.strictEqual(reasonOf(refused.find("chat:lobby", 4)), "moved")
    refused.refuse("chat:lobby", 5, denied)
    assert.strictEqual(reasonOf(refused.find("chat:lobby", 5)), "aborted")
  })

  it("refuses a newer attempt too once that is refused", () => {
    const refused = new RefusedAttempts()
    refused.refuse("chat:lobby", 4, denied)
    assert.isUndefined(refused.find("chat:lobby", 5))
    refused.refuse("chat:lobby", 5, moved)
    assert.strictEqual(reasonOf(refused.find("chat:lobby", 5)), "moved")
  })

  it("remembers 10,000 channels", () => {
    const refused = new RefusedAttempts()
    for (let n = 0; n <= 10_000; n++) refused.refuse(`chat:${n}`, 4, denied)
    assert.isUndefined(refused.find("chat:0", 4))
    assert.strictEqual(reasonOf(refused.find("chat:1", 4)), "aborted")
    assert.strictEqual(reasonOf(refused.find("chat:10000", 4)), "aborted")
  })
})
