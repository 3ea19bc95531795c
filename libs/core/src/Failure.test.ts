import { assert, describe, it } from "@effect/vitest"
import { Cause, Exit } from "effect"
import { type Failure, failure, failureOf } from "./Failure.ts"

const refused = failure("too_many_requests", "3 undecided", 100)
const stopping = failure("unavailable", "the server is stopping")
const defect = failure("internal", "internal error")
const both = (a: Cause.Cause<Failure>, b: Cause.Cause<Failure>) => Cause.combine(a, b)

describe("failureOf", () => {
  it.each([
    ["the failure itself", Cause.fail(refused), refused],
    ["the failure behind a defect", both(Cause.die("boom"), Cause.fail(refused)), refused],
    ["that we stop", Cause.interrupt(1), stopping],
    ["nothing of a defect's text", Cause.die(new Error("secret")), defect],
    ["a defect although we stop", both(Cause.interrupt(1), Cause.die("boom")), defect],
    ["a defect for no reason at all", Cause.empty, defect]
  ] as const)("says %s", (_title, cause, expected) => {
    assert.deepStrictEqual(failureOf(cause), expected)
    const exit = Exit.failCause<Failure>(cause)
    assert.deepStrictEqual(Exit.isFailure(exit) && failureOf(exit), expected)
  })
})
