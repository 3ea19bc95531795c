/**
 * Cluster: who is here, who owns what, as this process knows it.
 *
 * `layerStatic` takes the nodes from the configuration and never changes;
 * `layerMemory` is for one process that holds all of them, where each node
 * announces itself when its listener is up.
 */
import { Context, Effect, Layer, type Scope, type Stream, SubscriptionRef } from "effect"
import { type Assignment, assign, ownerOf } from "./Assignment.ts"
import { emptyView, type Node, type Role, roles, type View, withNode, withoutNode } from "./View.ts"

export class Cluster extends Context.Service<
  Cluster,
  {
    readonly view: () => View
    /** The present view, then every newer one. */
    readonly changes: Stream.Stream<View>
    /** The node that should own the channel among those of a role, if there is any. */
    readonly ownerOf: (role: Role, channel: string) => Node | undefined
    /** Joins the view until the scope closes. */
    readonly announce: (node: Node) => Effect.Effect<void, never, Scope.Scope>
  }
>()("weir/cluster/Cluster") {}

const make = Effect.fnUntraced(function* (initial: View, isStatic: boolean) {
  const ref = yield* SubscriptionRef.make(initial)
  let assigned: { readonly version: number; readonly byRole: Map<Role, Assignment> } | undefined
  const assignment = (role: Role): Assignment => {
    const view = SubscriptionRef.getUnsafe(ref)
    if (assigned?.version !== view.version) {
      assigned = {
        version: view.version,
        byRole: new Map(roles.map((it) => [it, assign(view, it)]))
      }
    }
    return assigned.byRole.get(role)!
  }
  return Cluster.of({
    view: () => SubscriptionRef.getUnsafe(ref),
    changes: SubscriptionRef.changes(ref),
    ownerOf: (role, channel) => ownerOf(assignment(role), channel),
    announce: (node) =>
      isStatic
        ? Effect.void
        : Effect.acquireRelease(
            SubscriptionRef.update(ref, (view) => withNode(view, node)),
            () => SubscriptionRef.update(ref, (view) => withoutNode(view, node.name))
          )
  })
})

/** The nodes as configured; nothing tells one life of theirs from another. */
export const layerStatic = (
  nodes: ReadonlyArray<Omit<Node, "incarnation">>
): Layer.Layer<Cluster> =>
  Layer.effect(
    Cluster,
    make({ version: 1, nodes: nodes.map((node) => ({ ...node, incarnation: 0 })) }, true)
  )

export const layerMemory: Layer.Layer<Cluster> = Layer.effect(Cluster, make(emptyView, false))
