/**
 * AuditTrail: writes down what was done and what was refused, in one chain of lines.
 *
 * What an administrator does is answered only once it is written. Refusals may be many, and
 * nobody waits for them: they go through a bounded queue, and how many found no room is written
 * down as well.
 */
import { type AuditEvent, type AuditHead, auditLine } from "@weir/core/AuditLine"
import { type Failure, failure } from "@weir/core/Failure"
import { Clock, Context, Effect, Layer, Queue, Schedule, Semaphore } from "effect"
import { auditEvents } from "./AuthMetrics.ts"
import { AuditStore } from "./ports/AuditStore.ts"

/** Refusals that wait. */
const capacity = 4_096

const batchSize = 256

/** How often somebody else may be quicker: auth nodes are few. */
const maxTries = 20

export class AuditTrail extends Context.Service<
  AuditTrail,
  {
    /** Written when it returns. */
    readonly record: (event: AuditEvent) => Effect.Effect<void, Failure>
    /** Written soon; what finds no room is counted. */
    readonly note: (events: ReadonlyArray<AuditEvent>, dropped?: number) => void
    readonly read: (after: number, limit: number) => Effect.Effect<ReadonlyArray<string>, Failure>
  }
>()("weir/auth/AuditTrail") {
  static readonly layer: Layer.Layer<AuditTrail, never, AuditStore> = Layer.suspend(() =>
    Layer.effect(AuditTrail, make)
  )
}

const droppedEvent = (count: number, at: number): AuditEvent => ({
  at,
  ...{ actor: "auth", address: "", requestId: "" },
  action: "audit.dropped",
  target: "",
  result: "ok",
  detail: `${count} refusals found no room`
})

const make = Effect.gen(function* () {
  const store = yield* AuditStore
  const oneAtATime = yield* Semaphore.make(1)
  const waiting = yield* Queue.dropping<AuditEvent>(capacity)
  let head: AuditHead | undefined
  let dropped = 0

  const tryAppend = Effect.fnUntraced(function* (events: ReadonlyArray<AuditEvent>) {
    let to = head ?? (yield* store.head)
    const from = to
    const lines = events.map((event) => {
      const next = auditLine(event, to)
      to = next.head
      return next.line
    })
    // Whatever comes of it, until it is known the head is not.
    head = undefined
    const isAppended = yield* store.append(from, lines, to)
    if (isAppended) head = to
    return isAppended
  })

  const append = (events: ReadonlyArray<AuditEvent>): Effect.Effect<void, Failure> =>
    oneAtATime.withPermits(1)(
      Effect.gen(function* () {
        for (let tries = 0; tries < maxTries; tries++) {
          if (yield* tryAppend(events)) return auditEvents.written.add(events.length)
        }
        return yield* failure("unavailable", "the audit trail is written by too many", 500)
      })
    )

  const writeNext = Effect.gen(function* () {
    const events: Array<AuditEvent> = yield* Queue.takeBetween(waiting, 1, batchSize)
    const now = yield* Clock.currentTimeMillis
    const missing = dropped
    dropped = 0
    const lines = missing === 0 ? events : [...events, droppedEvent(missing, now)]
    yield* Effect.retry(append(lines), Schedule.spaced("1 second"))
  })
  yield* Effect.forkScoped(Effect.forever(writeNext))

  return AuditTrail.of({
    record: (event) => append([event]),
    note: (events, lost = 0) => {
      const before = dropped
      dropped += lost
      for (const event of events) if (!Queue.offerUnsafe(waiting, event)) dropped += 1
      if (dropped > before) auditEvents.dropped.add(dropped - before)
    },
    read: store.read
  })
})
