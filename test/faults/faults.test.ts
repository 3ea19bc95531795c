/**
 * What is acknowledged stays, and nobody misses anything in silence, whatever dies.
 * The whole matrix is `npm run test:faults`; this is what every change has to pass.
 */
import { assert, describe, it } from "@effect/vitest"
import { ownersAndRedis } from "./matrix/Short.ts"
import { holds } from "./Verdict.fixture.ts"

const workload = { publicationsPerSecond: 200, sdkSubscribers: 8, wireSubscribers: 12 }

describe("Weir under load keeps its promises", () => {
  it("while an owner dies, another one hangs and Redis is killed", async () => {
    const { judgement } = await holds(ownersAndRedis, { seed: 11, workload })
    const { acked, delivered, resumes } = judgement.counts
    assert.isAbove(acked, 1_000)
    assert.isAbove(delivered, 2 * acked)
    assert.isAbove(resumes.recovered, 0)
  }, 120_000)
})
