/**
 * PeerViews: a standing stream of views from every router in the view.
 *
 * What they bring is offered, and the loss of one is told: a router whose stream
 * broke may be gone.
 */
import { failure } from "@weir/core/Failure"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import { ViewServiceDefinition } from "@weir/proto/mesh/v1/view"
import { Effect, Exit, FiberMap, Random, type Scope, Stream } from "effect"
import type { KnownView } from "./KnownView.ts"
import { type Node, nodesOf } from "./View.ts"
import { fromMessage } from "./ViewMessages.ts"

const firstPauseMs = 50
const longestPauseMs = 1_000

export interface PeerViews {
  /** Streams that have brought a view and are up. */
  readonly open: () => number
  /** One of them is from the router of this name. */
  readonly hears: (name: string) => boolean
}

const keyOf = ({ incarnation, mesh, name }: Node): string => `${name} ${incarnation} ${mesh}`

export const make = Effect.fnUntraced(function* (options: {
  readonly known: KnownView
  /** The name of this node if it is a router, which does not watch itself. */
  readonly self?: string
  /** The stream of a node that is still in the view was lost, or never came. */
  readonly suspect: (node: Node) => Effect.Effect<void>
}): Effect.fn.Return<PeerViews, never, Scope.Scope> {
  const { known, self, suspect } = options
  const open = new Set<string>()

  const session = Effect.fnUntraced(function* (node: Node) {
    const client = yield* GrpcClient.make(ViewServiceDefinition, node.mesh)
    yield* Effect.addFinalizer(() => Effect.sync(() => open.delete(keyOf(node))))
    const views = client.watchView({ version: known.get().version })
    yield* Stream.runForEach(views, ({ view }) => {
      open.add(keyOf(node))
      return known.offer(view && fromMessage(view))
    })
    return yield* failure("unavailable", "the router ended the stream")
  })

  const watch = Effect.fnUntraced(function* (node: Node): Effect.fn.Return<never> {
    let pauseMs = firstPauseMs
    while (true) {
      let wasOpen = false
      const exit = yield* session(node).pipe(
        Effect.onExit(() =>
          Effect.sync(() => {
            wasOpen = open.has(keyOf(node))
          })
        ),
        Effect.scoped,
        Effect.exit
      )
      if (Exit.isFailure(exit)) {
        yield* Effect.logDebug("a stream of views has ended", { node: node.name }, exit.cause)
      }
      yield* suspect(node)
      if (wasOpen) pauseMs = firstPauseMs
      yield* Effect.sleep(pauseMs * (0.5 + (yield* Random.next) / 2))
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    }
  })

  const watches = yield* FiberMap.make<string>()
  yield* Stream.runForEach(known.changes, (view) =>
    Effect.gen(function* () {
      const wanted = new Map(
        nodesOf(view, "router")
          .filter(({ name }) => name !== self)
          .map((node) => [keyOf(node), node])
      )
      for (const [key] of watches) if (!wanted.has(key)) yield* FiberMap.remove(watches, key)
      for (const [key, node] of wanted) {
        yield* FiberMap.run(watches, key, watch(node), { onlyIfMissing: true })
      }
    })
  ).pipe(Effect.forkScoped)

  return {
    open: () => open.size,
    hears: (name) => {
      const node = known.get().nodes.find((it) => it.name === name)
      return node !== undefined && open.has(keyOf(node))
    }
  }
})
