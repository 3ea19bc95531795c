import { assert, describe, it } from "@effect/vitest"
import { jsonLine, store } from "./Json.ts"
import { markdown } from "./Markdown.ts"
import { svg } from "./Svg.ts"

const machine = {
  ...{ cpu: "A CPU", cores: 2, memoryBytes: 2 ** 33, kernel: "6.1", node: "v26.0.0" },
  weir: "abc1234+"
}

const run = (system: string, perTurn: number, cpu: number) => ({
  ...{ system, version: "1.2.3", perTurn, cpu, lost: 0, histogram: [1, 2] }
})

const result = {
  scenario: "fanout",
  runs: [run("weir", 8, 1), run("ws", 8, 4), run("weir", 8, 3), run("ws", 8, 4)],
  settings: ["perTurn"],
  ratios: { "ws@8": { median: 2.5, min: 1.3333333, max: 4, pairs: 2 } },
  charts: [],
  notes: ["Nothing was lost."]
}

const stored = store(result, machine, new Date("2026-01-02T03:04:05Z"))

describe("the JSON line", () => {
  it("has the scenario, every run and the ratios", () => {
    const line = jsonLine(stored)
    assert.notInclude(line, "\n")
    const { ratios, runs, scenario } = JSON.parse(line)
    assert.deepStrictEqual(
      { ratios, runs, scenario },
      {
        ...{ scenario: "fanout", runs: result.runs, ratios: result.ratios }
      }
    )
  })
})

describe("the Markdown", () => {
  const lines = markdown(stored, "fanout.svg").split("\n")

  it("has one row for each system and its settings: the median, and the spread if there is one", () => {
    assert.include(lines, "| system | perTurn | cpu | lost |")
    assert.include(lines, "| weir | 8 | 2 (1–3) | 0 |")
    assert.include(lines, "| ws | 8 | 4 | 0 |")
  })

  it("has every ratio with its spread", () => {
    assert.include(lines, "| ws@8 | 2.5 | 1.333 | 4 | 2 |")
  })

  it("says what was measured on what, when, and what is to be said about it", () => {
    assert.include(
      lines,
      "2 cores of A CPU, 8 GiB, Linux 6.1, Node v26.0.0, Weir abc1234+. ws: 1.2.3. Measured 2026-01-02."
    )
    assert.include(lines, "- Nothing was lost.")
    assert.include(lines, "![fanout](fanout.svg)")
  })
})

const chart = (
  series: ReadonlyArray<{ name: string; points: ReadonlyArray<[number, number]> }>
) => ({
  ...{ title: "A < B", x: "x", y: "y", series }
})

const countOf = (text: string, piece: string) => text.split(piece).length - 1

describe("the picture", () => {
  it("has a line for each series, over all its points that are numbers", () => {
    const points: ReadonlyArray<[number, number]> = [
      [1, 10],
      [8, Number.NaN],
      [32, 0.1]
    ]
    const drawn = svg([
      chart([
        { name: "weir", points },
        { name: "ws", points }
      ])
    ])
    assert.strictEqual(countOf(drawn, "<polyline"), 2)
    assert.notInclude(drawn, "NaN")
    assert.include(drawn, "A &lt; B")
    assert.match(drawn, /<title>[^<]*A &lt; B/)
  })

  it("has bars where each series is one point", () => {
    const bar = (name: string, value: number) => ({
      name,
      points: [[0, value] as [number, number]]
    })
    const drawn = svg([chart([bar("weir", 4), bar("ws", 8)])])
    assert.strictEqual(countOf(drawn, "<rect"), 2)
    assert.strictEqual(countOf(drawn, "<polyline"), 0)
  })

  it("stands though there is nothing to draw, or only zeros", () => {
    assert.include(svg([chart([])]), "</svg>")
    assert.notInclude(
      svg([
        chart([
          {
            name: "weir",
            points: [
              [0, 0],
              [0, 0]
            ]
          }
        ])
      ]),
      "NaN"
    )
  })
})
