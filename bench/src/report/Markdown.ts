/**
 * Markdown: a result as tables: the median of each system's runs, and their spread.
 */
import { median } from "../Pairs.ts"
import type { Figures, Ratio } from "../Scenario.ts"
import type { Stored } from "./Stored.ts"

const digits = 4

const numberText = (value: number): string =>
  Number.isInteger(value) || Math.abs(value) >= 10 ** digits
    ? Math.round(value).toLocaleString("en-US")
    : String(Number(value.toPrecision(digits)))

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

/** Runs of one system with the same settings. */
const groupsOf = (
  runs: ReadonlyArray<Figures>,
  settings: ReadonlyArray<string> | undefined
): ReadonlyArray<ReadonlyArray<Figures>> => {
  if (settings === undefined) return runs.map((run) => [run])
  const keyOf = (run: Figures) => JSON.stringify([run.system, ...settings.map((name) => run[name])])
  return [...Map.groupBy(runs, keyOf).values()]
}

const cell = (group: ReadonlyArray<Figures>, figure: string): string => {
  const values = group.map((run) => run[figure]).filter((it) => it !== null && it !== undefined)
  const numbers = values.filter((it) => typeof it === "number")
  if (numbers.length === 0) return typeof values[0] === "string" ? values[0] : ""
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  const middle = numberText(median(numbers))
  return low === high ? middle : `${middle} (${numberText(low)}–${numberText(high)})`
}

const runsTable = ({ runs, settings }: Stored): string => {
  const named = new Set(runs.flatMap((run) => Object.keys(run)))
  const isShown = (figure: string) => runs.some((run) => !Array.isArray(run[figure]))
  const rest = [...named].filter(
    (it) => it !== "system" && it !== "version" && settings?.includes(it) !== true && isShown(it)
  )
  const figures = [...(settings ?? []), ...rest]
  const rows = groupsOf(runs, settings).map((group) => [
    group[0]!.system,
    ...figures.map((figure) => cell(group, figure))
  ])
  return table(["system", ...figures], rows)
}

const ratiosTable = (ratios: Readonly<Record<string, Ratio>>): string =>
  table(
    ["against", "median", "min", "max", "pairs"],
    Object.entries(ratios).map(([name, { max, median, min, pairs }]) => [
      ...[name, numberText(median), numberText(min), numberText(max), String(pairs)]
    ])
  )

const originOf = ({ date, machine, versions = {} }: Stored): ReadonlyArray<string> => [
  ...(machine === undefined
    ? []
    : [
        `${machine.cores} cores of ${machine.cpu}, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, ` +
          `Linux ${machine.kernel}, Node ${machine.node}, Weir ${machine.weir}.`
      ]),
  ...Object.entries(versions)
    .filter(([name]) => !name.startsWith("weir"))
    .map(([name, version]) => `${name}: ${version}.`),
  ...(date === undefined ? [] : [`Measured ${date.slice(0, 10)}.`])
]

/** `chart`: the name of the file with the charts, if there is one. */
export const markdown = (stored: Stored, chart?: string): string => {
  const { notes, ratios, runs, scenario } = stored
  const parts = [
    `# ${scenario}`,
    originOf(stored).join(" "),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join("\n")]),
    ...(Object.keys(ratios).length === 0
      ? []
      : ["Ratios; above 1, Weir is cheaper.", ratiosTable(ratios)]),
    ...(chart === undefined ? [] : [`![${scenario}](${chart})`]),
    ...(runs.length === 0 ? [] : ["Medians, and the least and the most.", runsTable(stored)])
  ]
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`
}
