import { assert, describe, it } from "@effect/vitest"
import { Pressure } from "./Pressure.ts"

const calm = { lagMs: 1, memoryShare: 0.5 }

/** Looks twice a second at these, and says what was thought of each. */
const looks = (
  loads: ReadonlyArray<Partial<typeof calm>>,
  verdict: (pressure: Pressure) => boolean
): string => {
  const pressure = new Pressure()
  return loads
    .map((load, index) => {
      pressure.look({ ...calm, ...load }, index * 500)
      return verdict(pressure) ? "!" : "."
    })
    .join("")
}

const lags = (...values: ReadonlyArray<number>) =>
  looks(
    values.map((lagMs) => ({ lagMs })),
    ({ isLate }) => isLate
  )

describe("Pressure", () => {
  it("is none for one long turn, as every start has", () => {
    assert.strictEqual(lags(3_000, 1, 1, 400, 300, 1), "......")
  })

  it("begins after a second of lateness, and ends well below its bound", () => {
    assert.strictEqual(lags(120, 120, 120, 99, 60, 49, 99, 120, 120, 120), "..!!!....!")
  })

  it("of memory begins and ends at bounds of its own", () => {
    const shares = [0.84, 0.86, 0.86, 0.86, 0.93, 0.93, 0.93, 0.89, 0.87, 0.79]
    const loads = shares.map((memoryShare) => ({ memoryShare }))
    assert.deepStrictEqual(
      [looks(loads, (it) => it.isShortOfMemory), looks(loads, (it) => it.mustShed)],
      ["...!!!!!!.", "......!!.."]
    )
  })
})
