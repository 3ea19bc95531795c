/**
 * Nodes: I16 and the owners' half of I13. Processes end only by faults, and no
 * shard is left with two owners.
 */
import type { Exited, Own } from "../history/History.ts"
import type { Violation } from "./Violation.ts"

export function* onlyByFaults(events: ReadonlyArray<Own | Exited>): Generator<Violation> {
  for (const event of events) {
    if (event.type !== "exit" || event.expected) continue
    const explanation = `${event.process} ended, and no fault did it`
    yield { invariant: "I16", explanation, events: [event] }
  }
}

export function* oneOwner(events: ReadonlyArray<Own | Exited>): Generator<Violation> {
  const owners = new Map<number, Map<string, Own>>()
  const takers = new Map<string, Own>()
  for (const event of events) {
    if (event.type === "exit") {
      for (const nodes of owners.values()) nodes.delete(event.process)
      continue
    }
    const { node, shard, term, what } = event
    let nodes = owners.get(shard)
    if (nodes === undefined) {
      nodes = new Map()
      owners.set(shard, nodes)
    }
    if (what !== "acquired") {
      nodes.delete(node)
      continue
    }
    nodes.set(node, event)
    const taker = takers.get(`${shard} ${term}`)
    takers.set(`${shard} ${term}`, event)
    if (taker === undefined || taker.node === node) continue
    const explanation = `shard ${shard}: ${taker.node} and ${node} both took it with term ${term}`
    yield { invariant: "I13", explanation, events: [taker, event] }
  }
  for (const [shard, nodes] of owners) {
    if (nodes.size < 2) continue
    const explanation = `shard ${shard}: ${[...nodes.keys()].join(" and ")} own it at the end`
    yield { invariant: "I13", explanation, events: [...nodes.values()] }
  }
}
