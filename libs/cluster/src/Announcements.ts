/**
 * Announcements: the nodes of this process in the view. Mostly one; a process
 * that holds several services has one for each.
 */
import { Effect, type Scope } from "effect"
import type { Heartbeat } from "./Heartbeat.ts"

export const make = () => {
  const heartbeats = new Set<Heartbeat>()
  return {
    /** Waits until the node has joined, however long Redis is down. */
    keep: Effect.fnUntraced(function* (
      begin: Effect.Effect<Heartbeat, never, Scope.Scope>
    ): Effect.fn.Return<void, never, Scope.Scope> {
      const heartbeat = yield* begin
      yield* Effect.acquireRelease(
        Effect.sync(() => heartbeats.add(heartbeat)),
        () => Effect.sync(() => heartbeats.delete(heartbeat))
      )
      yield* heartbeat.joined.await
    }),
    drain: Effect.suspend(() =>
      Effect.forEach(heartbeats, ({ drain }) => drain, { discard: true })
    ),
    age: () => Math.max(0, ...[...heartbeats].map(({ age }) => age()))
  }
}
