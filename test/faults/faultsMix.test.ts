/**
 * Some faults by chance, always the same chance. It runs beside other files.
 */
import { assert, describe, it } from "@effect/vitest"
import { randomMix } from "./matrix/Mix.ts"
import { holds } from "./Verdict.fixture.ts"

const workload = { publicationsPerSecond: 200, sdkSubscribers: 8, wireSubscribers: 12 }

describe("Weir under load keeps its promises", () => {
  it("over some faults by chance, and a quiet end", async () => {
    const { judgement } = await holds(randomMix, { seed: 22, seconds: 21, workload })
    assert.isAbove(judgement.counts.faults, 2)
    assert.isAbove(judgement.counts.acked, 1_000)
  }, 120_000)
})
