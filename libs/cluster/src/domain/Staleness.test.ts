import { assert, describe, it } from "@effect/vitest"
import { type Ages, isStoreBehind, noAges, observe, staleBeats, untilStillMs } from "./Staleness.ts"

/** Reads at these times, each answered at once, with the beat of one node seen then. */
const reads = (...seen: ReadonlyArray<readonly [at: number, beat: string]>): Ages =>
  seen.reduce(
    (ages, [at, beat]) =>
      observe(ages, { beats: new Map([["router-1", beat]]), askedAt: at, answeredAt: at }),
    noAges
  )

const still = (from: number, to: number, beat = "1:7"): Array<readonly [number, string]> =>
  Array.from({ length: (to - from) / 500 + 1 }, (_, i) => [from + i * 500, beat] as const)

describe("Staleness", () => {
  it.each([
    { what: "seen for the first time", ages: reads([0, "1:7"]), stale: false },
    { what: "silent for 2,000 ms", ages: reads(...still(0, 2000)), stale: false },
    { what: "silent for 2,500 ms", ages: reads(...still(0, 2500)), stale: true },
    {
      what: "heard again in between",
      ages: reads(...still(0, 1500), ...still(2000, 4000, "1:8")),
      stale: false
    },
    {
      what: "back with another incarnation and a lower counter",
      ages: reads(...still(0, 2000, "1:7"), [2500, "2:1"]),
      stale: false
    },
    {
      what: "silent for 5 s in which nobody could read",
      ages: reads(...still(0, 500), [5500, "1:7"]),
      stale: false
    },
    {
      what: "silent for 2,500 ms after such a pause",
      ages: reads(...still(0, 500), ...still(5500, 8000)),
      stale: true
    },
    {
      what: "silent over a read that failed once",
      ages: reads(...still(0, 1000), ...still(2000, 2500)),
      stale: true
    }
  ])("a node $what is stale: $stale", ({ ages, stale }) => {
    assert.strictEqual(staleBeats(ages).has("router-1"), stale)
  })

  it("names the beat that was seen", () => {
    assert.deepStrictEqual([...staleBeats(reads(...still(0, 3000)))], [["router-1", "1:7"]])
  })

  it("forgets a node that is no longer there", () => {
    const gone = observe(reads([0, "1:7"]), { beats: new Map(), askedAt: 500, answeredAt: 500 })
    const back = observe(gone, {
      beats: new Map([["router-1", "1:7"]]),
      askedAt: 1000,
      answeredAt: 1000
    })
    assert.isFalse(gone.observed.has("router-1"))
    assert.strictEqual(untilStillMs(back, "router-1"), 600)
  })

  it("counts neither the way of the first answer nor that of the last", () => {
    const beats = new Map([["router-1", "1:7"]])
    const first = observe(noAges, { beats, askedAt: 0, answeredAt: 300 })
    const last = observe(first, { beats, askedAt: 850, answeredAt: 1700 })
    assert.strictEqual(untilStillMs(last, "router-1"), 50)
  })

  it("does not go back to an answer that was asked for earlier", () => {
    const ages = reads([0, "1:7"], [500, "1:8"])
    const late = observe(ages, {
      beats: new Map([["router-1", "1:7"]]),
      askedAt: 400,
      answeredAt: 600
    })
    assert.strictEqual(late, ages)
  })

  it.each([
    { silentMs: 0, waitMs: 600 },
    { silentMs: 500, waitMs: 100 },
    { silentMs: 1000, waitMs: 0 }
  ])("lets one that refuses connections go $waitMs ms after $silentMs ms of silence", (row) => {
    assert.strictEqual(untilStillMs(reads(...still(0, row.silentMs)), "router-1"), row.waitMs)
  })
})

describe("a router to which most others seem to stand still", () => {
  const three = ["router-2", "router-3", "presence-1"]
  it.each<[string, ReadonlyArray<string>, ReadonlyArray<string>, boolean]>([
    ["doubts its store while one of them speaks to it", three, ["router-2"], true],
    ["believes it if none of them speaks", three, [], false],
    ["believes it if only few stand still", ["router-2"], ["router-2"], false]
  ])("%s", (_, stale, heard, expected) => {
    assert.strictEqual(
      isStoreBehind(stale, 4, (name) => heard.includes(name)),
      expected
    )
  })
})
