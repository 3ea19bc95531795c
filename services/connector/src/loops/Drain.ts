/**
 * Drain: lets go of all clients, when this connector ends, at the pace of its plan.
 *
 * Newcomers have to be refused by then. A client is told, comes back elsewhere by itself, and is
 * gone; who is still there after its notice is closed.
 */
import { monotonicMs } from "@weir/flow/Monotonic"
import { Clock, Effect, Schedule } from "effect"
import { draining } from "../ConnectorMetrics.ts"
import { endedBy, planDrain, toldBy } from "../domain/DrainPlan.ts"
import { sendAway } from "../GoAway.ts"
import type { Session } from "../Session.ts"

/** The usual pace is two connections in each. */
const step = "20 millis"

export const run = Effect.fnUntraced(function* (
  sessions: ReadonlySet<Session>,
  windowSeconds: number
) {
  const clock = yield* Clock.Clock
  const all = [...sessions]
  const plan = planDrain(all.length, windowSeconds)
  const begin = monotonicMs(clock)
  draining.add(all.length)
  let told = 0
  let ended = 0
  const letGo = Effect.sync(() => {
    const elapsed = monotonicMs(clock) - begin
    const now = clock.currentTimeMillisUnsafe()
    for (const due = toldBy(plan, elapsed); told < due; told++) {
      sendAway(all[told]!, "shutdown", now, plan.noticeMs)
    }
    for (const due = endedBy(plan, elapsed); ended < due; ended++) {
      all[ended]!.connection.close("shutdown")
      draining.add(-1)
    }
    return ended === all.length || sessions.size === 0
  })
  if (all.length === 0) return
  yield* Effect.logInfo("draining", {
    connections: all.length,
    seconds: (plan.windowMs + plan.noticeMs) / 1_000
  })
  yield* Effect.repeat(letGo, { until: (done) => done, schedule: Schedule.spaced(step) })
})
