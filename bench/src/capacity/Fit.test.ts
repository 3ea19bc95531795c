import { assert, describe, it } from "@effect/vitest"
import type { Figures } from "../Scenario.ts"
import { committedConstants } from "./Constants.ts"
import { fitConstants, sharedAndEach } from "./Fit.ts"

const committed = committedConstants()
const weir = (figures: Omit<Figures, "system">): Figures => ({ system: "weir", ...figures })

describe("sharedAndEach", () => {
  it("tells the write from the rest by how a delivery's cost falls with the burst", () => {
    const costOf = (burst: number) => 0.4 + 6 / burst
    const { each, shared } = sharedAndEach(costOf(1), costOf(8), 8)
    assert.closeTo(shared, 6, 1e-9)
    assert.closeTo(each, 0.4, 1e-9)
  })
})

describe("fitConstants", () => {
  it("keeps what is committed, and says where it is from, when nothing was measured", () => {
    const { constants, origins } = fitConstants({}, committed)
    assert.deepStrictEqual(constants, committed.constants)
    assert.deepStrictEqual(new Set(Object.values(origins)), new Set([committed.origin]))
  })

  it("takes what was measured from the scenario that measures it", () => {
    const { constants, origins } = fitConstants(
      {
        growth: [
          weir({ part: "fan-out fit", burst: 1, publicationMicros: 30, deliveryMicros: 7 }),
          weir({ part: "fan-out fit", burst: 8, publicationMicros: 9, deliveryMicros: 1.4 })
        ],
        idle: [
          weir({ bytesPerConnection: 9_000 }),
          weir({ bytesPerConnection: 10_000 }),
          weir({ bytesPerConnection: 50_000 }),
          { system: "ws", bytesPerConnection: 1 }
        ]
      },
      committed
    )
    assert.closeTo(constants.writeSeconds, 6.4e-6, 1e-12)
    assert.closeTo(constants.deliverySeconds, 0.6e-6, 1e-12)
    assert.closeTo(constants.messageSeconds, 24e-6, 1e-12)
    assert.closeTo(constants.publicationSeconds, 6e-6, 1e-12)
    assert.strictEqual(constants.connectionBytes, 10_000)
    assert.strictEqual(origins.writeSeconds, "growth")
    assert.strictEqual(origins.connectionBytes, "idle")
    assert.strictEqual(origins.redisSeconds, committed.origin)
  })

  it("lets no constant fall below nothing, whatever the noise", () => {
    const { constants } = fitConstants(
      {
        growth: [
          weir({ part: "fan-out fit", burst: 1, publicationMicros: -3, deliveryMicros: 8 }),
          weir({ part: "fan-out fit", burst: 8, publicationMicros: 9, deliveryMicros: 0.5 })
        ]
      },
      committed
    )
    assert.strictEqual(constants.messageSeconds, 0)
    assert.strictEqual(constants.publicationSeconds, 0)
    assert.strictEqual(constants.deliverySeconds, 0)
  })
})
