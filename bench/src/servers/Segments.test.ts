import { assert, describe, it } from "@effect/vitest"
import { loopOverWeir, type Segment, Segments, segmentMillis, type Way } from "./Segments.ts"

describe("segments of one process", () => {
  it("changes the way between bursts, and gives each its CPU up to the next one's begin", () => {
    let cpu = 0
    const segments = new Segments(() => cpu)
    const ways: Array<Way> = []
    for (const [nowMillis, used] of [
      [1_000, 0],
      [1_000 + segmentMillis / 2, 7],
      [1_000 + segmentMillis, 11],
      [1_000 + 2 * segmentMillis, 30],
      [1_000 + 2 * segmentMillis + 1, 31]
    ] as const) {
      cpu = used
      ways.push(segments.begin(nowMillis, 10))
    }
    assert.deepStrictEqual(ways, ["loop", "loop", "weir", "loop", "loop"])
    const millis = segmentMillis
    assert.deepStrictEqual(segments.closed, [
      { way: "loop", beganMillis: 0, millis, cpuMicros: 11, deliveries: 20 },
      { way: "weir", beganMillis: millis, millis, cpuMicros: 19, deliveries: 10 }
    ])
  })

  it("compares neighbours, so that a machine that slows down favours nobody", () => {
    const segments = Array.from({ length: 21 }, (_, index): Segment => {
      const way = index % 2 === 0 ? "loop" : "weir"
      const cost = way === "loop" ? 90 : 100
      const drift = 1 + index / 10
      return { way, beganMillis: 0, millis: 300, cpuMicros: cost * drift, deliveries: 1 }
    })
    assert.approximately(loopOverWeir(segments), 0.9, 0.005)
    assert.isNaN(loopOverWeir(segments.slice(0, 1)))
  })
})
