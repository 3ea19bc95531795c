/**
 * RedisCluster: the view of nodes that read it from Redis: routers, auth and
 * presence nodes.
 *
 * Redis should have a connection of its own here: a heartbeat behind a batch of
 * appends would be late. Only routers judge others, and they tell each other what
 * they know, so that a change reaches them without Redis too.
 */
import type { Redis } from "@weir/redis/Redis"
import { Effect, Layer } from "effect"
import * as Announcements from "./Announcements.ts"
import { type Announced, Cluster, fromViews } from "./Cluster.ts"
import * as Heartbeat from "./Heartbeat.ts"
import * as Judge from "./Judge.ts"
import * as KnownView from "./KnownView.ts"
import * as NewerViews from "./NewerViews.ts"
import * as PeerViews from "./PeerViews.ts"
import * as ViewStore from "./ViewStore.ts"
import * as Watchers from "./Watchers.ts"

export const layer: Layer.Layer<Cluster, never, Redis> = Layer.effect(
  Cluster,
  Effect.gen(function* () {
    const known = yield* KnownView.make
    const store = yield* ViewStore.make
    const announcements = Announcements.make()
    const watchers = yield* Watchers.make
    let isBehind = () => false
    const offer = ({ view }: ViewStore.Answer<string>) => known.offer(view)
    const saw = yield* NewerViews.make({
      known,
      look: Effect.flatMap(
        Effect.suspend(() => store.look(known.get())),
        offer
      ),
      patienceMs: 0
    })

    const beat = (announced: Announced) =>
      Heartbeat.make({ announced, store, known, onAnswer: offer })

    const beatAndJudge = Effect.fnUntraced(function* (announced: Announced) {
      const self = announced.name
      const judge: Judge.Judge = yield* Judge.make({
        ...{ store, known, self },
        hears: (name) => peers.hears(name)
      })
      const peers = yield* PeerViews.make({ known, self, suspect: judge.suspect })
      isBehind = judge.isBehind
      const heartbeat = yield* Heartbeat.make({
        announced,
        store,
        known,
        isBehind,
        onAnswer: (answer) => Effect.andThen(offer(answer), judge.note(answer))
      })
      yield* Effect.forkScoped(watchers.keepAside({ self, known, heartbeat }))
      return heartbeat
    })

    return Cluster.of({
      ...fromViews(known.ref),
      saw,
      announce: (node) =>
        announcements.keep(node.role === "router" ? beatAndJudge(node) : beat(node)),
      drain: announcements.drain,
      watched: watchers.watched,
      // A beat in a store that nobody else looks at proves nothing.
      heartbeatAge: () => (isBehind() ? Number.POSITIVE_INFINITY : announcements.age())
    })
  })
)
