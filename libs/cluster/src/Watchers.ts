/**
 * Watchers: the streams that others hold to this node, and what their absence means.
 */
import { Effect, Schedule, type Scope } from "effect"
import { decide } from "./domain/Aside.ts"
import type { Heartbeat } from "./Heartbeat.ts"
import type { KnownView } from "./KnownView.ts"
import { monotonic } from "./ViewStore.ts"

const tick = "250 millis"

export interface Watchers {
  /** Somebody watches this node until the scope closes. */
  readonly watched: Effect.Effect<void, never, Scope.Scope>
  /** Has a router step aside while nobody reaches it. Never ends. */
  readonly keepAside: (options: {
    readonly self: string
    readonly known: KnownView
    readonly heartbeat: Heartbeat
  }) => Effect.Effect<never>
}

export const make: Effect.Effect<Watchers> = Effect.gen(function* () {
  const now = yield* monotonic
  let count = 0
  /** Since when there are some, or none; before the first one ever came, nothing follows. */
  let since = Number.POSITIVE_INFINITY
  let isAside = false

  const change = (delta: number) => {
    const before = count
    count += delta
    if ((before === 0) !== (count === 0)) since = now()
  }

  return {
    watched: Effect.acquireRelease(
      Effect.sync(() => change(1)),
      () => Effect.sync(() => change(-1))
    ),
    keepAside: ({ heartbeat, known, self }) => {
      const look = Effect.gen(function* () {
        const others = known.get().nodes.filter(({ name }) => name !== self)
        const verdict = decide({
          isAside,
          watchers: count,
          sinceMs: now() - since,
          others: others.filter(({ role }) => role === "router" || role === "connector").length,
          owners: others.filter(({ draining, role }) => role === "router" && !draining).length
        })
        if (verdict === undefined) return
        isAside = verdict === "stepAside"
        yield* Effect.logWarning(
          isAside
            ? "nobody reaches this router; it owns nothing until somebody does"
            : "this router is reached again",
          { node: self }
        )
        yield* heartbeat.stepAside(isAside)
      })
      return Effect.andThen(Effect.repeat(look, Schedule.spaced(tick)), Effect.never)
    }
  }
})
