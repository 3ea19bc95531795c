/**
 * RandomWalk: a number that wanders between 0 and 100, for a chart with nothing else to show.
 */

const MIDDLE = 50
const STRIDE = 9
// Homesick enough not to stay at an edge.
const PULL = 0.04

/** `random` in [0, 1). */
export const stepAfter = (value: number, random: number): number => {
  const next = value + (random - 0.5) * STRIDE + (MIDDLE - value) * PULL
  return Math.round(Math.min(100, Math.max(0, next)) * 10) / 10
}
