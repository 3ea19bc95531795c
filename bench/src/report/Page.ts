/**
 * Page: docs/benchmarks.md and the figures of docs/capacity.md, from bench/results.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { Effect } from "effect"
import { comparison } from "../capacity/Check.ts"
import { committedConstants } from "../capacity/Constants.ts"
import { example, parseQuestion } from "../capacity/Demands.ts"
import { fitConstants } from "../capacity/Fit.ts"
import { predict } from "../capacity/Model.ts"
import { rolesOf, sentencesOf } from "../capacity/Table.ts"
import type { Scenario } from "../Scenario.ts"
import { type Gate, gates } from "./Gates.ts"
import { introduction, questions } from "./Questions.ts"
import { runsByScenario, type Stored, storedResults } from "./Stored.ts"

const benchmarksPage = new URL("../../../docs/benchmarks.md", import.meta.url)
const capacityPage = new URL("../../../docs/capacity.md", import.meta.url)
/** From docs/. */
const resultsPath = "../bench/results"

const short = (value: number): string => String(Number(value.toPrecision(3)))

const verdictOf = ({ atMost, gate, goal }: Gate, median: number): string => {
  if (atMost !== undefined) return median <= atMost ? "gate" : "**above the gate**"
  if (goal !== undefined && median >= goal) return "goal"
  if (gate !== undefined && median < gate) return "**below the gate**"
  return gate === undefined ? "below the goal" : "gate"
}

const gateRow = (gate: Gate, stored: ReadonlyArray<Stored>): ReadonlyArray<string> => {
  const name = `[${gate.scenario}](#${gate.scenario})`
  const least = [gate.gate, gate.goal].map((it) => (it === undefined ? "" : String(it)))
  const wanted = gate.atMost === undefined ? least : [`at most ${gate.atMost}`, ""]
  const ratio = stored.find(({ scenario }) => scenario === gate.scenario)?.ratios[gate.ratio]
  if (ratio === undefined) return [name, gate.against, "not measured", "", ...wanted, ""]
  const spread = `${short(ratio.min)} to ${short(ratio.max)}`
  const reached = verdictOf(gate, ratio.median)
  return [name, gate.against, `**${short(ratio.median)}**`, spread, ...wanted, reached]
}

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const [head, ...body] = rows
  return [head!, head!.map(() => "---"), ...body].map((row) => `| ${row.join(" | ")} |`).join("\n")
}

const gatesTable = (stored: ReadonlyArray<Stored>): string =>
  table([
    ["scenario", "against", "median", "spread", "gate", "goal", "reached"],
    ...gates.map((gate) => gateRow(gate, stored))
  ])

const originOf = ({ date, machine }: Stored): string => {
  const day = date?.slice(0, 10) ?? "on an unknown day"
  if (machine === undefined) return `Measured ${day}.`
  const { cores, cpu, kernel, memoryBytes, node, weir } = machine
  const memory = Math.round(memoryBytes / 2 ** 30)
  return `Measured ${day} on ${cores} cores of ${cpu}, ${memory} GiB, Linux ${kernel}, Node ${node}, commit ${weir}.`
}

const ratiosTable = ({ ratios }: Stored): string =>
  table([
    ["against", "median", "spread", "pairs"],
    ...Object.entries(ratios).map(([name, { max, median, min, pairs }]) => [
      ...[`\`${name}\``, `**${short(median)}**`, `${short(min)} to ${short(max)}`, String(pairs)]
    ])
  ])

const sectionOf = (name: string, stored: Stored | undefined): string => {
  const question = questions[name]
  const parts = [`## ${name}`, ...(question === undefined ? [] : [question])]
  if (stored === undefined) {
    return [...parts, `Not measured yet: \`npm run bench -- ${name} --write\`.`].join("\n\n")
  }
  const { charts, notes, ratios } = stored
  if (Object.keys(ratios).length > 0) parts.push(ratiosTable(stored))
  if (notes.length > 0) parts.push(notes.map((note) => `- ${note}`).join("\n"))
  if (charts.length > 0) parts.push(`![${charts[0]!.title}](${resultsPath}/${name}.svg)`)
  parts.push(
    `${originOf(stored)} [All runs](${resultsPath}/${name}.md), [as JSON](${resultsPath}/${name}.json).`
  )
  return parts.join("\n\n")
}

/** What docs/capacity.md shows is not repeated. */
const isShown = (scenario: string): boolean => !scenario.startsWith("capacity")

export const benchmarksOf = (stored: ReadonlyArray<Stored>): string => {
  const others = stored.map(({ scenario }) => scenario).filter((it) => !(it in questions))
  const names = [...Object.keys(questions), ...others.filter(isShown)]
  const sections = names.map((name) =>
    sectionOf(
      name,
      stored.find(({ scenario }) => scenario === name)
    )
  )
  return `${[introduction, "## What must hold", gatesTable(stored), ...sections].join("\n\n")}\n`
}

const fenced = (lines: ReadonlyArray<string>): string => ["```", ...lines, "```"].join("\n")

/** Puts text between `<!-- name: … -->` and `<!-- /name -->`. */
export const withBlock = (page: string, name: string, text: string): string => {
  const begin = page.indexOf("-->", page.indexOf(`<!-- ${name}: `)) + "-->".length
  const end = page.indexOf(`<!-- /${name} -->`)
  if (!page.includes(`<!-- ${name}: `) || end < begin) throw new Error(`the page has no ${name}`)
  return `${page.slice(0, begin)}\n\n${text}\n\n${page.slice(end)}`
}

const capacityOf = Effect.fnUntraced(function* (page: string, stored: ReadonlyArray<Stored>) {
  const fitted = fitConstants(runsByScenario(stored), committedConstants())
  const question = yield* parseQuestion(example)
  const prediction = predict(question.demand, question.limits, fitted.constants)
  const [load, ...sentences] = sentencesOf(question, prediction, fitted)
  const lines = [load!, "", ...rolesOf(prediction), "", ...sentences]
  const check = stored.find(({ scenario }) => scenario === "capacity-check")
  const checked =
    check === undefined
      ? "Not measured yet: `npm run bench -- capacity --check --write`."
      : `${fenced([check.notes[0]!, "", ...comparison(check.runs)])}\n\n${originOf(check)}`
  return withBlock(withBlock(page, "capacity", fenced(lines)), "capacity-check", checked)
})

export const scenario: Scenario = {
  name: "page",
  summary: "writes docs/benchmarks.md, and the example of docs/capacity.md, from bench/results",
  peers: [],
  run: Effect.fnUntraced(function* () {
    const stored = storedResults()
    writeFileSync(benchmarksPage, benchmarksOf(stored))
    writeFileSync(capacityPage, yield* capacityOf(readFileSync(capacityPage, "utf8"), stored))
    const notes = [`docs/benchmarks.md and docs/capacity.md have ${stored.length} results`]
    return { scenario: "page", runs: [], ratios: {}, charts: [], notes }
  })
}
