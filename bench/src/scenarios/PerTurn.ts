/**
 * PerTurn: how many publications come in one turn: what several scenarios vary.
 */
import { median } from "../Pairs.ts"
import type { Chart, Context, Figures } from "../Scenario.ts"

const usuallyPerTurn = [1, 8, 32]

/** `--per-turn 1,8` */
export const perTurnOf = ({ options }: Context): ReadonlyArray<number> => {
  const counts = (options["per-turn"] ?? "").split(",").map(Number)
  return counts.every((count) => Number.isInteger(count) && count > 0) ? counts : usuallyPerTurn
}

export const chartByTurn = (
  title: string,
  runs: ReadonlyArray<Figures>,
  perTurn: ReadonlyArray<number>
): Chart => ({
  title,
  x: "publications per turn",
  y: "CPU seconds per million deliveries",
  series: [...new Set(runs.map(({ system }) => system))].map((name) => ({
    name,
    points: perTurn.map((count) => {
      const same = runs.filter((run) => run.system === name && run["perTurn"] === count)
      return [count, median(same.map((run) => Number(run["cpuPerMillion"])))] as const
    })
  }))
})
