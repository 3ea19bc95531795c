/**
 * Pairs: systems in turn, and the ratio of what they cost.
 *
 * A machine drifts by a third within minutes. So nothing is compared but what ran
 * one after the other, and in every other round the order is reversed: whoever goes
 * first has neither an advantage nor a disadvantage.
 */
import { Effect } from "effect"
import type { Ratio } from "./Scenario.ts"

/** For each system, in the order given, what its runs were, by round. */
export const alternate = Effect.fnUntraced(function* <S, R, E, Env>(
  pairs: number,
  systems: ReadonlyArray<S>,
  run: (system: S, round: number) => Effect.Effect<R, E, Env>
): Effect.fn.Return<ReadonlyArray<ReadonlyArray<R>>, E, Env> {
  const runs: ReadonlyArray<Array<R>> = systems.map(() => [])
  const order = systems.map((_, index) => index)
  for (let round = 0; round < pairs; round++) {
    for (const index of round % 2 === 0 ? order : order.toReversed()) {
      runs[index]!.push(yield* run(systems[index]!, round))
    }
  }
  return runs
})

/** The mean of the two in the middle, if there are two; NaN of nothing. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return (
    ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
  )
}

/** Of the ratios of single pairs, by round. */
export const spreadOf = (ratios: ReadonlyArray<number>): Ratio => ({
  median: median(ratios),
  min: Math.min(...ratios),
  max: Math.max(...ratios),
  pairs: ratios.length
})

/** What the peer needs for each that Weir needs, by round: above 1, Weir is cheaper. */
export const ratioOf = (weir: ReadonlyArray<number>, peer: ReadonlyArray<number>): Ratio => {
  const pairs = Math.min(weir.length, peer.length)
  return spreadOf(Array.from({ length: pairs }, (_, round) => peer[round]! / weir[round]!))
}
