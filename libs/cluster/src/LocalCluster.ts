/**
 * LocalCluster: views that need no store.
 *
 * `layerStatic` takes the nodes from the configuration and never changes;
 * `layerMemory` is for one process that holds all of them, where each node
 * announces itself when its listener is up.
 */
import { Clock, Effect, Layer, SubscriptionRef } from "effect"
import { type Announced, Cluster, fromViews } from "./Cluster.ts"
import { emptyView, type View, withNode, withoutNode } from "./View.ts"

const make = Effect.fnUntraced(function* (initial: View, isStatic: boolean) {
  const ref = yield* SubscriptionRef.make(initial)
  return Cluster.of({
    ...fromViews(ref),
    saw: () => {},
    drain: Effect.void,
    watched: Effect.void,
    heartbeatAge: () => 0,
    announce: Effect.fnUntraced(function* (announced) {
      if (isStatic) return
      const incarnation = yield* Clock.currentTimeMillis
      const node = { ...announced, incarnation, draining: false }
      yield* Effect.acquireRelease(
        SubscriptionRef.update(ref, (view) => withNode(view, node)),
        () => SubscriptionRef.update(ref, (view) => withoutNode(view, node.name))
      )
    })
  })
})

/** The nodes as configured; nothing tells one life of theirs from another. */
export const layerStatic = (nodes: ReadonlyArray<Announced>): Layer.Layer<Cluster> => {
  const view = {
    version: 1,
    nodes: nodes.map((node) => ({ ...node, incarnation: 0, draining: false }))
  }
  return Layer.effect(Cluster, make(view, true))
}

export const layerMemory: Layer.Layer<Cluster> = Layer.effect(Cluster, make(emptyView, false))
