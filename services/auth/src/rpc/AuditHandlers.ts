/**
 * AuditHandlers: the mesh's door to the audit trail.
 */
import { implement } from "@weir/grpc/Handlers"
import { doneBy, fromAuditMessage } from "@weir/mesh/RestrictionMessages"
import { AuditServiceDefinition } from "@weir/proto/mesh/v1/audit"
import { Clock, Effect } from "effect"
import { AuditTrail } from "../AuditTrail.ts"

export const auditHandlers = Effect.map(AuditTrail, (trail) =>
  implement(AuditServiceDefinition, {
    record: ({ dropped, events }) =>
      Effect.sync(() => {
        trail.note(events.map(fromAuditMessage), dropped)
        return {}
      }),
    readAudit: ({ actor, after, limit }) =>
      Effect.gen(function* () {
        const lines = yield* trail.read(after, limit + 1)
        const page = lines.slice(0, limit)
        // Who reads the trail stands in it: at the beginning of what is read.
        if (after === 0) {
          yield* trail.record({
            at: yield* Clock.currentTimeMillis,
            ...doneBy(actor),
            ...{ action: "audit.read", target: "", result: "ok", detail: "" }
          })
        }
        const next = lines.length > limit ? Number(JSON.parse(page.at(-1)!).number) : 0
        return { lines: page, next }
      })
  })
)
