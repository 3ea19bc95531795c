/**
 * AuditNotes: refusals on their way to the audit trail.
 *
 * Nobody waits for them, and there may be many: they leave once a second, and those that find no
 * room are counted.
 */
import type { AuditEvent } from "@weir/core/AuditLine"
import { Clock, Effect, Schedule, type Scope } from "effect"
import type { RestrictionNode } from "./RestrictionNode.ts"

/** Between two departures. */
const capacity = 1_000

const departEvery = "1 second"

export type AuditNote = Omit<AuditEvent, "at" | "requestId">

export interface AuditNotes {
  readonly note: (event: AuditNote) => void
}

/** Until the scope closes; what waits then leaves. */
export const make = Effect.fnUntraced(function* (
  node: Pick<RestrictionNode["Service"], "record">
): Effect.fn.Return<AuditNotes, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  let waiting: Array<AuditEvent> = []
  let dropped = 0

  const depart = Effect.suspend(() => {
    if (waiting.length + dropped === 0) return Effect.void
    const events = waiting
    const missing = dropped
    waiting = []
    dropped = 0
    return Effect.catch(node.record(events, missing), () =>
      Effect.sync(() => {
        // As many of the oldest as there is room for, again.
        const room = Math.max(0, capacity - waiting.length)
        waiting = [...events.slice(0, room), ...waiting]
        dropped += missing + Math.max(0, events.length - room)
      })
    )
  })
  yield* Effect.forkScoped(Effect.repeat(depart, Schedule.spaced(departEvery)))
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeoutOption(depart, "500 millis")))

  return {
    note: (event) => {
      if (waiting.length >= capacity) dropped += 1
      else waiting.push({ at: clock.currentTimeMillisUnsafe(), requestId: "", ...event })
    }
  }
})
