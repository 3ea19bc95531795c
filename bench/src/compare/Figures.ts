/**
 * Figures: what two checkouts measured, side by side.
 */
import { median, ratioOf } from "../Pairs.ts"
import type { Figures, Ratio } from "../Scenario.ts"

/** The runs of Weir that one call of a scenario made. */
export type Round = ReadonlyArray<Figures>

export interface Compared {
  /** Which of the scenario's runs: all that was the same on both sides, every time. */
  readonly run: string
  readonly figure: string
  readonly base: number
  readonly head: number
  /** Base over head, by round: above 1, head needs less. */
  readonly ratio: Ratio
}

/** They say what was measured, not how it went. */
const names: ReadonlySet<string> = new Set(["system", "version"])

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value)

const isSame = (values: ReadonlyArray<unknown>): boolean =>
  values.every((value) => value === values[0])

const say = (figure: string, value: Figures[string]): string =>
  typeof value === "string" ? value : `${figure} ${value}`

/**
 * Both sides run the same scenario, so the runs of a round are in the same order. What
 * never differs is a parameter and names the run; the rest was measured.
 */
export const compare = (
  base: ReadonlyArray<Round>,
  head: ReadonlyArray<Round>
): ReadonlyArray<Compared> => {
  const rounds = [...base, ...head]
  const shortest = Math.min(...rounds.map((round) => round.length))
  return Array.from({ length: shortest }).flatMap((_, index) => {
    const [ours, theirs] = [head, base].map((side) => side.map((round) => round[index]!))
    const all = [...theirs!, ...ours!]
    const known = Object.keys(all[0]!).filter((figure) => !names.has(figure))
    const parameters = known.filter((figure) => {
      const value = all[0]![figure]
      const isTold = typeof value === "string" || (isNumber(value) && value !== 0)
      return isTold && isSame(all.map((run) => run[figure]))
    })
    const run = parameters.map((figure) => say(figure, all[0]![figure]!)).join(", ")
    const measured = known.filter(
      (figure) =>
        !parameters.includes(figure) && all.every((it) => isNumber(it[figure]) && it[figure] !== 0)
    )
    return measured.map((figure): Compared => {
      const [before, after] = [theirs!, ours!].map((side) => side.map((it) => Number(it[figure])))
      return {
        ...{ run, figure, base: median(before!), head: median(after!) },
        ratio: ratioOf(after!, before!)
      }
    })
  })
}

const short = (value: number): string =>
  Math.abs(value) >= 1_000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)))

/** A line for each figure, under a line for each run. */
export const table = (compared: ReadonlyArray<Compared>): string => {
  const lines: Array<string> = []
  let run: string | undefined
  for (const it of compared) {
    if (it.run !== run) lines.push("", it.run === "" ? "weir" : it.run)
    run = it.run
    const { max, median: middle, min } = it.ratio
    lines.push(
      [
        `  ${it.figure.padEnd(28)}`,
        short(it.base).padStart(12),
        short(it.head).padStart(12),
        `   ${middle.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`
      ].join("")
    )
  }
  return lines.join("\n").trimStart()
}
