/**
 * Judge: a router's part in removing nodes that no longer live.
 *
 * It judges by its own reads and its own clock; Redis removes a node only if its
 * beat is still the one judged by.
 */
import type { RedisFailure } from "@weir/redis/RedisFailure"
import { Effect, FiberMap, type Scope } from "effect"
import { evictions } from "./ClusterMetrics.ts"
import {
  isStoreBehind,
  noAges,
  observe,
  type Read,
  staleBeats,
  untilStillMs
} from "./domain/Staleness.ts"
import type { KnownView } from "./KnownView.ts"
import { probe } from "./TcpProbe.ts"
import { hasLife, type Node } from "./View.ts"
import type { ViewStore } from "./ViewStore.ts"

const probePauseMs = 100

export interface Judge {
  /** The store that we read is not the one that the others beat in; it proves nothing. */
  readonly isBehind: () => boolean
  /** Takes note of a read, and begins to evict those who are stale by it. */
  readonly note: (read: Read) => Effect.Effect<void>
  /** Looks into a suspicion, once at a time for each node. */
  readonly suspect: (node: Node) => Effect.Effect<void>
}

export const make = Effect.fnUntraced(function* (options: {
  readonly store: ViewStore
  readonly known: KnownView
  /** The name of this node, which does not judge itself. */
  readonly self: string
  /** A stream from the router of this name is up. */
  readonly hears: (name: string) => boolean
}): Effect.fn.Return<Judge, never, Scope.Scope> {
  const { hears, known, self, store } = options
  const cases = yield* FiberMap.make<string>()
  let ages = noAges
  let isBehind = false

  /** One at a time for each key. What fails for want of Redis begins again with the next sign. */
  const open = (key: string, judgement: Effect.Effect<void, RedisFailure>) =>
    Effect.asVoid(FiberMap.run(cases, key, Effect.ignore(judgement), { onlyIfMissing: true }))

  const evict = Effect.fnUntraced(function* (name: string, beat: string, why: string) {
    const answer = yield* store.evict(name, beat, known.get())
    if (answer.tag === "EVICTED") {
      evictions.add()
      yield* Effect.logInfo("node evicted", { node: name, why, version: answer.version })
    }
    yield* known.offer(answer.view)
  })

  const look = Effect.gen(function* () {
    const answer = yield* store.look(known.get())
    ages = observe(ages, answer)
    yield* known.offer(answer.view)
  })

  const investigate = Effect.fnUntraced(function* (node: Node) {
    yield* look
    const beat = ages.observed.get(node.name)?.beat
    if (!hasLife(known.get(), node) || !beat?.startsWith(`${node.incarnation}:`)) return
    if ((yield* probe(node.mesh)) !== "refused") return
    yield* Effect.sleep(probePauseMs)
    if ((yield* probe(node.mesh)) !== "refused") return
    while (ages.observed.get(node.name)?.beat === beat) {
      const waitMs = untilStillMs(ages, node.name)
      if (waitMs === 0) return yield* evict(node.name, beat, "its address refuses connections")
      yield* Effect.sleep(waitMs)
      yield* look
    }
  })

  return {
    isBehind: () => isBehind,
    note: (read) =>
      Effect.suspend(() => {
        ages = observe(ages, read)
        const stale = [...staleBeats(ages)].filter(([name]) => name !== self)
        const others = [...ages.observed.keys()].filter((name) => name !== self)
        const wasBehind = isBehind
        isBehind = isStoreBehind(
          stale.map(([name]) => name),
          others.length,
          hears
        )
        if (isBehind) {
          return wasBehind
            ? Effect.void
            : Effect.logWarning("most nodes seem to stand still, and live: this is not their Redis")
        }
        return Effect.forEach(
          stale,
          ([name, beat]) => open(`stale ${name}`, evict(name, beat, "its heartbeat stands still")),
          { discard: true }
        )
      }),
    suspect: (node) => open(`suspected ${node.name}`, investigate(node))
  }
})
