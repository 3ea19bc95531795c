/**
 * Random: chance that can be had again, by its seed.
 */
export interface Random {
  /** In [0, 1). */
  readonly next: () => number
  /** From 0 to below the bound. */
  readonly below: (bound: number) => number
  readonly pick: <A>(items: ReadonlyArray<A>) => A
  /** Some of them, all different. */
  readonly sample: <A>(items: ReadonlyArray<A>, count: number) => ReadonlyArray<A>
  /** Chance of its own, so that one who draws more changes nothing for another. */
  readonly fork: () => Random
}

/** Mulberry32. */
export const randomFrom = (seed: number): Random => {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return {
    next,
    below,
    pick: (items) => {
      if (items.length === 0) throw new Error("nothing to pick from")
      return items[below(items.length)]!
    },
    sample: (items, count) => {
      const rest = [...items]
      const chosen: Array<(typeof items)[number]> = []
      while (chosen.length < count && rest.length > 0) {
        chosen.push(...rest.splice(below(rest.length), 1))
      }
      return chosen
    },
    fork: () => randomFrom(Math.floor(next() * 2 ** 32))
  }
}
