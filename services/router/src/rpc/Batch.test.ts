import { failure } from "@weir/core/Failure"
import { Exit } from "effect"
import { describe, expect, it } from "vitest"
import { Batch } from "./Batch.ts"

const accepted = (offset: number) =>
  Exit.succeed({ position: { epoch: "e", term: 1, offset }, duplicate: false })

const published = (offset: number) => ({
  result: {
    $case: "published" as const,
    value: { position: { epoch: "e", term: 1, offset }, duplicate: false }
  }
})

describe("a batch of publications", () => {
  it("has its results in the order of the publications, whichever is decided first", () => {
    const batch = new Batch(3)
    batch.decide(2, accepted(3))
    batch.decide(0, accepted(1))
    batch.decide(1, Exit.fail(failure("too_many_requests", "full", 100)))
    expect(batch.results).toEqual([
      published(1),
      {
        result: {
          $case: "failure",
          value: { code: "too_many_requests", message: "full", retryAfterMs: 100 }
        }
      },
      published(3)
    ])
  })

  it("is decided with the last one, and says so once", () => {
    let told = 0
    const batch = new Batch(2, () => told++)
    batch.decide(0, accepted(1))
    expect([batch.isDecided, told]).toEqual([false, 0])
    batch.decide(1, accepted(2))
    expect([batch.isDecided, told]).toEqual([true, 1])
  })

  it("of none is decided from the start", () => {
    let told = 0
    expect(new Batch(0, () => told++).isDecided).toBe(true)
    expect(told).toBe(1)
  })
})
