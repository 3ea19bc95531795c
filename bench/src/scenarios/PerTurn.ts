/**
 * PerTurn: how many publications come in one turn: what several scenarios vary.
 */
import type { Chart, Context, Figures } from "../Scenario.ts"
import { costChart } from "./BurstFigures.ts"

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
): Chart => costChart({ title, x: "publications per turn", varied: "perTurn" }, runs, perTurn)
