/**
 * Circles: the ways that lead back to where they began.
 */

export type Graph = ReadonlyMap<string, Iterable<string>>

/** One circle for each group of nodes that can all reach each other, as `a → b → a`. */
export const circlesIn = (graph: Graph): ReadonlyArray<ReadonlyArray<string>> => {
  const reported = new Set<string>()
  return [...graph.keys()].sort().flatMap((start) => {
    if (reported.has(start)) return []
    const circle = shortestCircle(graph, start)
    for (const node of circle) reported.add(node)
    return circle.length === 0 ? [] : [circle]
  })
}

const shortestCircle = (graph: Graph, start: string): ReadonlyArray<string> => {
  const cameFrom = new Map<string, string>()
  const waiting = [start]
  for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) return [start, ...pathTo(node, cameFrom, start), start]
      if (cameFrom.has(next)) continue
      cameFrom.set(next, node)
      waiting.push(next)
    }
  }
  return []
}

const pathTo = (end: string, cameFrom: ReadonlyMap<string, string>, start: string) => {
  const path: Array<string> = []
  for (let node = end; node !== start; node = cameFrom.get(node)!) path.unshift(node)
  return path
}
