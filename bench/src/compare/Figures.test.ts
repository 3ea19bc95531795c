import { assert, describe, it } from "@effect/vitest"
import type { Figures } from "../Scenario.ts"
import { compare, table } from "./Figures.ts"

const run = (variant: string, cpu: number, more: object = {}): Figures => ({
  system: "weir",
  version: "a1b2c3d",
  variant,
  subscribers: 1_000,
  lost: 0,
  cpu,
  ...more
})

describe("compare", () => {
  it("gives what base needs for each that head needs, round by round", () => {
    const base = [[run("one", 10)], [run("one", 30)], [run("one", 20)]]
    const head = [[run("one", 5)], [run("one", 10)], [run("one", 20)]]

    const [cpu, ...others] = compare(base, head)

    assert.deepStrictEqual(others, [])
    assert.strictEqual(cpu?.figure, "cpu")
    assert.strictEqual(cpu?.base, 20)
    assert.strictEqual(cpu?.head, 10)
    assert.deepStrictEqual(cpu?.ratio, { median: 2, min: 1, max: 3, pairs: 3 })
  })

  it("tells the runs of a scenario apart by what never differs", () => {
    const round = (cpu: number) => [run("one", cpu), run("eight", cpu / 8)]

    const compared = compare([round(8)], [round(16)])

    assert.deepStrictEqual(
      compared.map((it) => [it.run, it.base, it.head]),
      [
        ["one, subscribers 1000", 8, 16],
        ["eight, subscribers 1000", 1, 2]
      ]
    )
  })

  it("leaves out what a side does not have, and what would be divided by 0", () => {
    const base = [[run("one", 10, { redis: null, gone: 3, waits: 0 })]]
    const head = [[run("one", 11, { redis: null, waits: 4 })]]

    assert.deepStrictEqual(
      compare(base, head).map(({ figure }) => figure),
      ["cpu"]
    )
  })

  it("does not take another commit for a figure", () => {
    const compared = compare([[run("one", 1)]], [[run("one", 2, { version: "0000000" })]])

    assert.deepStrictEqual(
      compared.map(({ figure, run }) => [figure, run]),
      [["cpu", "one, subscribers 1000"]]
    )
  })
})

describe("table", () => {
  it("has a heading for each run and the ratio with its spread", () => {
    const text = table(
      compare([[run("one", 10)], [run("one", 12)]], [[run("one", 5)], [run("one", 4)]])
    )

    const [heading, line] = text.split("\n")
    assert.strictEqual(heading, "one, subscribers 1000")
    assert.match(line!, /^ {2}cpu +11 +4\.5 +2\.500 \(2\.000 to 3\.000\)$/)
  })
})
