import { assert, describe, it } from "@effect/vitest"
import { benchmarksOf, withBlock } from "./Page.ts"
import type { Stored } from "./Stored.ts"

const ratioOf = (median: number) => ({ median, min: median / 2, max: median * 2, pairs: 5 })

const fanout = (ratios: Stored["ratios"]): Stored => ({
  scenario: "fanout",
  runs: [],
  ratios,
  charts: [{ title: "CPU per delivery", x: "burst", y: "µs", series: [] }],
  notes: ["nothing was lost"],
  date: "2026-11-23T10:00:00.000Z"
})

const rowWith = (page: string, text: string): string =>
  page.split("\n").find((line) => line.includes(text)) ?? ""

describe("docs/benchmarks.md", () => {
  it("says of each gate whether the median reaches it, and of what is not measured that it is not", () => {
    const page = benchmarksOf([
      fanout({ "socket.io@1": ratioOf(1.5), "socket.io@8": ratioOf(9.1), "c@8": ratioOf(0.5) })
    ])
    assert.match(rowWith(page, "Socket.IO, 1 "), /\*\*1\.5\*\* \| 0\.75 to 3 \|.*\| gate \|$/)
    assert.match(rowWith(page, "Socket.IO, 8 "), /\| goal \|$/)
    assert.match(rowWith(page, "a loop in C"), /below the gate/)
    assert.match(rowWith(page, "Nchan, 8"), /not measured/)
  })

  it("says where a ratio is greater than it may be", () => {
    const ratios = { "channel@hot/none": ratioOf(1.4), "lane@stalled/none": ratioOf(1.6) }
    const page = benchmarksOf([{ ...fanout(ratios), scenario: "hot" }])
    assert.match(rowWith(page, "no hot channel"), /\| at most 1\.5 \| {2}\| gate \|$/)
    assert.match(rowWith(page, "no stalled lane"), /\| \*\*above the gate\*\* \|$/)
  })

  it("has a picture of each scenario with charts, and how to measure one without results", () => {
    const page = benchmarksOf([fanout({})])
    assert.include(page, "](../bench/results/fanout.svg)")
    assert.include(page, "- nothing was lost")
    assert.include(page, "npm run bench -- growth --write")
  })

  it("shows results of scenarios that it has no words for", () => {
    const page = benchmarksOf([{ ...fanout({}), scenario: "idle-45000" }])
    assert.include(page, "## idle-45000")
  })
})

describe("a block of a page", () => {
  it("is replaced, however often, and nothing else is", () => {
    const page = "before\n<!-- it: by hand -->\nold\n<!-- /it -->\nafter\n"
    const once = withBlock(page, "it", "new")
    assert.strictEqual(once, "before\n<!-- it: by hand -->\n\nnew\n\n<!-- /it -->\nafter\n")
    assert.strictEqual(withBlock(once, "it", "new"), once)
  })

  it("must be there", () => {
    assert.throws(() => withBlock("nothing", "it", "new"), /has no it/)
  })
})
