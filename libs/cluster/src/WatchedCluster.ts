/**
 * WatchedCluster: the view of connectors: kept in Redis, but learnt from routers.
 *
 * There may be many connectors, and what they know must not depend on Redis: it
 * gives them the first addresses, and new ones while no router can be reached.
 */
import type { Redis } from "@weir/redis/Redis"
import { Effect, Layer, Random } from "effect"
import * as Announcements from "./Announcements.ts"
import { Cluster, fromViews } from "./Cluster.ts"
import * as Heartbeat from "./Heartbeat.ts"
import * as KnownView from "./KnownView.ts"
import * as NewerViews from "./NewerViews.ts"
import * as PeerViews from "./PeerViews.ts"
import * as ViewStore from "./ViewStore.ts"

const lookMs = 1_000

export const layer: Layer.Layer<Cluster, never, Redis> = Layer.effect(
  Cluster,
  Effect.gen(function* () {
    const known = yield* KnownView.make
    const store = yield* ViewStore.make
    const announcements = Announcements.make()
    const peers = yield* PeerViews.make({ known, suspect: () => Effect.void })

    const look = Effect.suspend(() => store.look(known.get())).pipe(
      Effect.flatMap(({ view }) => known.offer(view))
    )
    const saw = yield* NewerViews.make({ known, look, patienceMs: 200 })

    yield* Effect.gen(function* () {
      if (peers.open() === 0) yield* Effect.ignore(look)
      yield* Effect.sleep(lookMs * (0.75 + (yield* Random.next) / 2))
    }).pipe(Effect.forever, Effect.forkScoped)

    return Cluster.of({
      ...fromViews(known.ref),
      saw,
      announce: (announced) =>
        announcements.keep(
          Heartbeat.make({ announced, store, known, onAnswer: () => Effect.void })
        ),
      drain: announcements.drain,
      watched: Effect.void,
      heartbeatAge: announcements.age
    })
  })
)
