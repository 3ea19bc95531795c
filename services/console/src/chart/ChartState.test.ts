import { assert, describe, it } from "@effect/vitest"
import { type ChartEvent, chartAfter, emptyChart, latestOf, MAX_SERIES } from "./ChartState.ts"

const chart = (...events: ReadonlyArray<ChartEvent>) => events.reduce(chartAfter, emptyChart)

const reading = (data: unknown, publishedAt = 0, publisher = "ann"): ChartEvent => ({
  type: "publication",
  publication: { data, publisher, publishedAt }
})

const names = (state: typeof emptyChart) => [...state.series.keys()]

describe("ChartState", () => {
  it.each([
    ["a number", 42],
    ["a value", { value: 42 }]
  ])("draws %s on its publisher's line", (_title, data) => {
    const { end, series } = chart(reading(data, 1_000))

    assert.deepStrictEqual([...series], [["ann", [{ at: 1_000, value: 42 }]]])
    assert.strictEqual(end, 1_000)
  })

  it("draws each of several series on a line of its own", () => {
    const { series } = chart(reading({ series: { cpu: 1, memory: 2, host: "a" } }))

    assert.deepStrictEqual([...series.keys()], ["cpu", "memory"])
  })

  it.each([[null], ["42"], [{}], [{ value: "42" }], [{ series: 3 }], [{ series: { a: null } }]])(
    "counts %j as none of its own",
    (data) => {
      assert.deepInclude(chart(reading(data)), { ignored: 1, end: 0 })
    }
  )

  it("forgets what is older than a minute, but for the point before its edge", () => {
    const times = [0, 10_000, 30_000, 75_000]
    const { series } = chart(...times.map((at) => reading(at, at)))

    assert.deepStrictEqual(
      series.get("ann")?.map(({ value }) => value),
      [10_000, 30_000, 75_000]
    )
  })

  it("forgets a line that has ended, and has room for another", () => {
    const eight = Array.from({ length: MAX_SERIES }, (_, index) => reading(1, 0, `p-${index}`))

    assert.notInclude(names(chart(...eight, reading(1, 1, "late"))), "late")
    assert.deepStrictEqual(names(chart(...eight, reading(1, 60_001, "late"))), ["late"])
  })

  it("breaks every line where something is missing, once", () => {
    const gap: ChartEvent = { type: "gap", gap: { reason: "dropped" } }
    const { series } = chart(reading(1, 0), gap, gap, reading(2, 1_000))

    const points = series.get("ann")!
    assert.deepStrictEqual(
      points.map(({ value }) => value),
      [1, Number.NaN, 2]
    )
    assert.strictEqual(latestOf(points.slice(0, 2)), 1)
  })

  it("lets no line go back in time", () => {
    const { series } = chart(reading(1, 1_000), reading(2, 900))

    assert.deepStrictEqual(
      series.get("ann")?.map(({ at }) => at),
      [1_000, 1_000]
    )
  })

  it("keeps 600 points of a line", () => {
    const many = Array.from({ length: 700 }, (_, index) => reading(index, index))

    assert.lengthOf(chart(...many).series.get("ann")!, 600)
  })
})
