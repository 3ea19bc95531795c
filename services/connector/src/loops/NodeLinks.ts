/**
 * NodeLinks: one standing session with every node of a role.
 *
 * Follows the view: a session is begun with each node that comes, begun again
 * after a loss, and ended with each node that goes.
 */
import { Cluster } from "@weir/cluster/Cluster"
import { type Node, nodesOf, type Role, type View } from "@weir/cluster/View"
import type { Failure } from "@weir/core/Failure"
import { Effect, FiberMap, Schedule, type Scope, Stream } from "effect"

/** Spread a little: all connectors lose a router at the same moment. */
const reconnect = Schedule.min([
  Schedule.exponential("50 millis"),
  Schedule.spaced("1 second")
]).pipe(Schedule.jittered)

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

  const keep = (node: Node, index: number) =>
    Effect.scoped(session(node, index)).pipe(
      Effect.tapError((refused) =>
        Effect.logInfo("lost a session; beginning it again", {
          peer: node.name,
          role,
          why: refused.message
        })
      ),
      Effect.tapDefect((defect) =>
        Effect.logError("a session died", { peer: node.name, role }, defect)
      ),
      Effect.sandbox,
      Effect.retry(reconnect)
    )

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
        yield* FiberMap.run(sessions, key, keep(node, index), { onlyIfMissing: true })
      }
      onView?.(view)
    })
  )
})
