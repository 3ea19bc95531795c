/**
 * Evictions: ends the connections of those who may be here no longer.
 *
 * A walk over all sessions, at most ten times a second however much is told: with 50,000 of them
 * one takes some milliseconds.
 */
import type { CloseName } from "@weir/core/CloseCode"
import type { Restriction } from "@weir/core/Restriction"
import { Restrictions } from "@weir/core/Restrictions"
import type { AuditNotes } from "@weir/mesh/AuditNotes"
import { Effect, Queue, type Scope } from "effect"
import { evicted } from "./ConnectorMetrics.ts"
import type { Trust } from "./loops/Trust.ts"
import type { Session } from "./Session.ts"

const pause = "100 millis"

const indexOf = (kicks: ReadonlyArray<Restriction>): Restrictions => {
  const index = new Restrictions()
  for (const kick of kicks) index.put(kick)
  return index
}

export interface EvictionDeps {
  readonly trust: Trust["Service"]
  readonly notes: AuditNotes
  readonly sessions: Iterable<Session>
}

const evict = ({ notes, sessions, trust }: EvictionDeps, kicked: Restrictions): void => {
  const restrictions = trust.restrictions()
  for (const session of sessions) {
    if (session.identity === undefined) continue
    const { standing } = session
    const sentence: CloseName | undefined =
      restrictions.judge(standing) ?? (kicked.kicks(standing) ? "disconnected" : undefined)
    if (sentence === undefined) continue
    evicted(sentence).add()
    notes.note({
      actor: "connector",
      ...{ action: "close", target: `user ${standing.user}`, address: standing.address },
      ...{ result: sentence, detail: `session ${standing.publicName}` }
    })
    session.connection.close(sentence)
  }
}

/** Runs until the scope closes. */
export const run = Effect.fnUntraced(function* (
  deps: EvictionDeps
): Effect.fn.Return<void, never, Scope.Scope> {
  const waiting: Array<Restriction> = []
  const changed = yield* Queue.sliding<void>(1)
  deps.trust.onChange((kicks) => {
    waiting.push(...kicks)
    Queue.offerUnsafe(changed, undefined)
  })
  yield* Effect.gen(function* () {
    yield* Queue.take(changed)
    evict(deps, indexOf(waiting.splice(0)))
    yield* Effect.sleep(pause)
  }).pipe(Effect.forever, Effect.forkScoped)
})
