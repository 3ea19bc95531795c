import { assert, describe, it } from "@effect/vitest"
import type { SlowOnes } from "../driver/SlowOnes.ts"
import { policies, wrongs } from "./PolicyRules.ts"

const dataBytes = 8_192

const whole: SlowOnes = {
  ...{ count: 2, complete: 2, gaps: 0, closed: 0, silent: 0, reasons: {}, newest: 2 },
  ...{ received: 20, told: 0, gapFrames: 0, unaccounted: 0, misordered: 0 }
}
const told = { complete: 0, gaps: 2, received: 12, told: 8, gapFrames: 2 }
const silent = { complete: 0, silent: 2, received: 12, unaccounted: 8 }
const ended = { complete: 0, closed: 2, received: 12, newest: 0 }

const wrongsOf = (
  name: string,
  stopped: Partial<SlowOnes>,
  { endedAsSlow = stopped.closed ?? 0, outboxes = 0 } = {}
) =>
  wrongs(
    policies.find((it) => it.name === name)!,
    {
      ...{ lost: 0, misordered: 0, closed: 0, outboxes, endedAsSlow },
      slowOnes: whole,
      stoppedOnes: { ...whole, ...stopped }
    },
    dataBytes
  ).length

describe("what a policy says", () => {
  it.each([
    ["catchUp", told],
    ["dropOldest", told],
    ["conflate", silent],
    ["conflateByKey", silent],
    ["disconnect", ended]
  ])("holds where %s does it", (name, stopped) => {
    assert.strictEqual(wrongsOf(name, stopped), 0)
    assert.strictEqual(wrongsOf(name, {}), 0)
  })

  it.each([
    ["catchUp", "lacks something that nobody tells of", silent],
    ["catchUp", "ends anybody", ended],
    ["dropOldest", "lacks something that nobody tells of", silent],
    ["conflate", "does not give the newest", { ...silent, newest: 1 }],
    ["conflate", "tells of what nobody is owed", { ...silent, gapFrames: 1 }],
    ["conflateByKey", "ends anybody", ended],
    ["disconnect", "leaves somebody behind", silent],
    ["disconnect", "leaves something out before the end", { ...ended, unaccounted: 1 }]
  ])("does not where %s %s", (name, _what, stopped) => {
    assert.isAbove(wrongsOf(name, stopped), 0)
  })

  it("does not hold where the connector has ended somebody for another reason", () => {
    assert.isAbove(wrongsOf("disconnect", ended, { endedAsSlow: 1 }), 0)
  })

  it.each([
    ["catchUp", 4 * 128],
    ["disconnect", 4 * 128],
    ["conflate", 0],
    ["dropOldest", 0]
  ])("has a bound: %s leaves at most %i frames in the outboxes of four", (name, most) => {
    assert.strictEqual(wrongsOf(name, {}, { outboxes: most }), 0)
    assert.isAbove(wrongsOf(name, {}, { outboxes: most + 1 }), 0)
  })
})
