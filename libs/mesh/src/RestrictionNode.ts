/**
 * RestrictionNode: who is restricted and what was done about it, as auth keeps it, seen from
 * outside.
 */
import type { AuditEvent } from "@weir/core/AuditLine"
import type { Failure } from "@weir/core/Failure"
import type {
  Restricting,
  Restriction,
  RestrictionKind,
  RestrictionPage,
  RestrictionTarget
} from "@weir/core/Restriction"
import type { Standing } from "@weir/core/Restrictions"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import { AuditServiceDefinition, type ReadAuditResponse } from "@weir/proto/mesh/v1/audit"
import {
  type Actor,
  type CheckStandingResponse,
  RestrictionServiceDefinition
} from "@weir/proto/mesh/v1/restriction"
import { Context, Effect, type Scope } from "effect"
import * as PeerMap from "./PeerMap.ts"
import { fromMessage, toAuditMessage } from "./RestrictionMessages.ts"

export class RestrictionNode extends Context.Service<
  RestrictionNode,
  {
    readonly restrict: (asked: Restricting, actor: Actor) => Effect.Effect<Restriction, Failure>
    /** False: there was none. */
    readonly lift: (
      kind: RestrictionKind,
      target: RestrictionTarget,
      actor: Actor
    ) => Effect.Effect<boolean, Failure>
    readonly list: (
      kind: string,
      limit: number,
      after: string
    ) => Effect.Effect<RestrictionPage, Failure>
    readonly check: (who: Standing) => Effect.Effect<CheckStandingResponse, Failure>
    readonly record: (
      events: ReadonlyArray<AuditEvent>,
      dropped: number
    ) => Effect.Effect<void, Failure>
    readonly readAudit: (
      after: number,
      limit: number,
      actor: Actor
    ) => Effect.Effect<ReadAuditResponse, Failure>
  }
>()("weir/mesh/RestrictionNode") {}

/** An administrator waits for it, and a client that connects: not for long. */
const deadlineMs = 5_000

/** `address`: the mesh address of an auth node, if one is up. */
export const make = Effect.fnUntraced(function* (
  address: () => string | undefined
): Effect.fn.Return<RestrictionNode["Service"], never, Scope.Scope> {
  const peers = yield* PeerMap.make("auth", (it) =>
    Effect.all({
      restrictions: GrpcClient.make(RestrictionServiceDefinition, it),
      audit: GrpcClient.make(AuditServiceDefinition, it)
    })
  )
  const options = { deadlineMs }
  return {
    restrict: ({ forMs, issuedBefore, kind, reason, target }, actor) =>
      peers.use(address(), ({ restrictions }) =>
        restrictions
          .restrict(
            {
              ...{ kind, forMs, issuedBefore, reason, actor },
              targetType: target.type,
              target: target.value
            },
            options
          )
          .pipe(Effect.map(({ restriction }) => fromMessage(restriction!)!))
      ),
    lift: (kind, { type, value }, actor) =>
      peers.use(address(), ({ restrictions }) =>
        restrictions
          .lift({ kind, targetType: type, target: value, actor }, options)
          .pipe(Effect.map(({ lifted }) => lifted))
      ),
    list: (kind, limit, after) =>
      peers.use(address(), ({ restrictions }) =>
        restrictions.listRestrictions({ kind, limit, after, actor: undefined }, options).pipe(
          Effect.map(({ next, restrictions }) => ({
            restrictions: restrictions.flatMap((it) => fromMessage(it) ?? []),
            next
          }))
        )
      ),
    check: (who) =>
      peers.use(address(), ({ restrictions }) => restrictions.checkStanding(who, options)),
    record: (events, dropped) =>
      peers.use(address(), ({ audit }) =>
        Effect.asVoid(audit.record({ events: events.map(toAuditMessage), dropped }, options))
      ),
    readAudit: (after, limit, actor) =>
      peers.use(address(), ({ audit }) => audit.readAudit({ after, limit, actor }, options))
  }
})
