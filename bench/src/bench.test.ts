import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const main = fileURLToPath(new URL("./main.ts", import.meta.url))

const bench = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, [main, ...args], { encoding: "utf8", timeout: 110_000 })

interface Line {
  readonly scenario: string
  readonly runs: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly ratios: Readonly<Record<string, { readonly median: number }>>
}

describe("npm run bench", () => {
  it("measures Weir beside its peers, and every delivery arrives in order", {
    timeout: 120_000
  }, () => {
    const quick = [
      "--pairs",
      "1",
      "--seconds",
      "0.5",
      "--scale",
      "0.05",
      "--per-turn",
      "8",
      "--json"
    ]
    const { status, stderr, stdout } = bench("fanout", "--peer", "loop", "--peer", "ws", ...quick)
    assert.strictEqual(status, 0, stderr)
    const { ratios, runs, scenario } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Line
    assert.strictEqual(scenario, "fanout")
    assert.deepStrictEqual(runs.map(({ perTurn, system }) => `${system}@${perTurn}`).sort(), [
      "loop@8",
      "weir@8",
      "ws@8"
    ])
    for (const run of runs) {
      assert.deepInclude(run, { lost: 0, misordered: 0, subscribers: 50 })
      assert.isAbove(run["deliveries"] as number, 0)
    }
    const compared = ["loop@8", "ws@8"]
    assert.deepStrictEqual(Object.keys(ratios).sort(), compared)
    for (const name of compared) assert.isAbove(ratios[name]!.median, 0)
  })

  it("measures Weir's way beside a plain loop in one process, on the same sockets", {
    timeout: 60_000
  }, () => {
    const quick = "--pairs 1 --seconds 3 --scale 0.05 --per-turn 8 --json".split(" ")
    const { status, stderr, stdout } = bench("inprocess", ...quick)
    assert.strictEqual(status, 0, stderr)
    const { ratios, runs } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Line
    assert.deepStrictEqual(
      runs.map(({ system }) => system),
      ["weir", "loop"]
    )
    for (const run of runs) {
      assert.deepInclude(run, { lost: 0, misordered: 0, subscribers: 50, perTurn: 8 })
      assert.isAbove(run["deliveries"] as number, 0)
    }
    assert.deepStrictEqual(Object.keys(ratios), ["loop@8"])
    assert.isAbove(ratios["loop@8"]!.median, 0)
  })

  it("says what it can measure, and with whom", () => {
    const { status, stdout } = bench("--help")
    assert.strictEqual(status, 0)
    for (const name of [
      "fanout",
      "inprocess",
      "manychannels",
      "sustain",
      "publish",
      "idle",
      "policies",
      "hot",
      "--scale",
      "nchan"
    ]) {
      assert.include(stdout, name)
    }
  })

  it.each([
    ["nonsense", "one scenario is needed of fanout"],
    ["fanout --peer nobody", "--peer nobody: fanout knows weir-proto, loop"],
    ["fanout --pairs none", "--pairs: must be a number above 0, not none"],
    ["fanout --pear ws", "--pear"]
  ])("refuses `%s`, and says why", (line, why) => {
    const { status, stderr } = bench(...line.split(" "))
    assert.strictEqual(status, 1)
    assert.include(stderr, why)
  })
})
