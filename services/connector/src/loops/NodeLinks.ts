/**
 * NodeLinks: one standing session with every node of a role.
 *
 * Follows the view: a session is begun with each node that comes, begun again
 * after a loss, and ended with each node that goes.
 */
import { Cluster } from "@weir/cluster/Cluster"
import { type Node, nodesOf, type Role, type View } from "@weir/cluster/View"
import type { Failure } from "@weir/core/Failure"
import { keepOpen } from "@weir/mesh/KeepOpen"
import { Effect, FiberMap, type Scope, Stream } from "effect"

export const run = Effect.fnUntraced(function* (options: {
  readonly role: Role
  /** Sessions with each node, told apart by their index. */
  readonly count: number
  readonly session: (node: Node, index: number) => Effect.Effect<void, Failure, Scope.Scope>
  readonly onView?: (view: View) => void
}) {
  const { count, onView, role, session } = options
  const { changes } = yield* Cluster
  const sessions = yield* FiberMap.make<string>()
  const keyOf = ({ name, mesh, incarnation }: Node, index: number) =>
    `${name} ${incarnation} ${mesh} ${index}`

  yield* Stream.runForEach(changes, (view) =>
    Effect.gen(function* () {
      const wanted = new Map(
        nodesOf(view, role).flatMap((node) =>
          Array.from(
            { length: count },
            (_, index) => [keyOf(node, index), { node, index }] as const
          )
        )
      )
      for (const [key] of sessions) {
        if (!wanted.has(key)) yield* FiberMap.remove(sessions, key)
      }
      for (const [key, { node, index }] of wanted) {
        const kept = keepOpen({ name: `${role} ${node.name}`, session: session(node, index) })
        yield* FiberMap.run(sessions, key, kept, { onlyIfMissing: true })
      }
      onView?.(view)
    })
  )
})
