/**
 * KnownView: the newest view that has come to this process, from wherever.
 *
 * The highest version wins, and it never goes back.
 */
import { Effect, Option, type Scope, type Stream, SubscriptionRef } from "effect"
import { viewNodes, viewVersion } from "./ClusterMetrics.ts"
import { emptyView, type Node, type View } from "./View.ts"

export interface KnownView {
  readonly ref: SubscriptionRef.SubscriptionRef<View>
  readonly get: () => View
  readonly changes: Stream.Stream<View>
  /** Nothing is offered by an answer that brought no view. */
  readonly offer: (view: View | undefined) => Effect.Effect<void>
}

const logChanges = Effect.fnUntraced(function* (before: View, after: View) {
  const present = new Map(after.nodes.map((node) => [node.name, node]))
  const known = new Map(before.nodes.map((node) => [node.name, node]))
  const { version } = after
  const about = ({ incarnation, mesh, name, role }: Node) => ({
    node: name,
    role,
    mesh,
    incarnation,
    version
  })
  for (const node of after.nodes) {
    const old = known.get(node.name)
    if (old?.incarnation !== node.incarnation) yield* Effect.logInfo("node joined", about(node))
    else if (node.draining && !old.draining) yield* Effect.logInfo("node drains", about(node))
  }
  for (const node of before.nodes) {
    if (!present.has(node.name)) yield* Effect.logInfo("node left", about(node))
  }
})

export const make: Effect.Effect<KnownView, never, Scope.Scope> = Effect.gen(function* () {
  const ref = yield* SubscriptionRef.make(emptyView)
  const count = (before: View, after: View) => {
    viewVersion.add(after.version - before.version)
    viewNodes.add(after.nodes.length - before.nodes.length)
  }
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => count(SubscriptionRef.getUnsafe(ref), emptyView))
  )
  return {
    ref,
    get: () => SubscriptionRef.getUnsafe(ref),
    changes: SubscriptionRef.changes(ref),
    offer: (view) =>
      SubscriptionRef.modifySomeEffect(ref, (before) => {
        if (view === undefined || view.version <= before.version)
          return Effect.succeed([undefined, Option.none()])
        count(before, view)
        return Effect.as(logChanges(before, view), [undefined, Option.some(view)] as const)
      })
  }
})
