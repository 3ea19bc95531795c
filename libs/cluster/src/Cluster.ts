/**
 * Cluster: who is here, who owns what, as this process knows it.
 */
import { Context, type Effect, type Scope, type Stream, SubscriptionRef } from "effect"
import { type Assignment, assign, ownerOf } from "./Assignment.ts"
import { type Node, type Role, roles, type View } from "./View.ts"

/** What a node says of itself; its incarnation is given to it when it joins. */
export type Announced = Omit<Node, "incarnation" | "draining">

export class Cluster extends Context.Service<
  Cluster,
  {
    readonly view: () => View
    /** The present view, then every newer one. */
    readonly changes: Stream.Stream<View>
    /** The node that should own the channel among those of a role, if there is any. */
    readonly ownerOf: (role: Role, channel: string) => Node | undefined
    /** The owner of each shard among the nodes of a role; empty when there is none. */
    readonly assignment: (role: Role) => Assignment
    /** Somebody acts on this version of the view: if it is newer than ours, look again at once. */
    readonly saw: (version: number) => void
    /** Joins the view until the scope closes. */
    readonly announce: (node: Announced) => Effect.Effect<void, never, Scope.Scope>
    /** From now on the announced node owns nothing, but can still be reached. */
    readonly drain: Effect.Effect<void>
    /** Somebody holds a stream to this node until the scope closes: it can be reached. */
    readonly watched: Effect.Effect<void, never, Scope.Scope>
    /** Milliseconds since this process last proved that it lives; 0 where nobody asks. */
    readonly heartbeatAge: () => number
  }
>()("weir/cluster/Cluster") {}

/** The part that follows from the views alone; owners are computed once for each version. */
export const fromViews = (ref: SubscriptionRef.SubscriptionRef<View>) => {
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
  return {
    view: () => SubscriptionRef.getUnsafe(ref),
    changes: SubscriptionRef.changes(ref),
    assignment,
    ownerOf: (role: Role, channel: string) => ownerOf(assignment(role), channel)
  }
}
