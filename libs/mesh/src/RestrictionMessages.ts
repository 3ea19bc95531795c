/**
 * RestrictionMessages: restrictions and audit events, as the mesh carries them.
 */
import type { AuditEvent } from "@weir/core/AuditLine"
import { Failure, failure } from "@weir/core/Failure"
import {
  isRestrictionKind,
  isTargetType,
  type Restriction,
  type RestrictionKind,
  type RestrictionTarget
} from "@weir/core/Restriction"
import type { AuditEvent as AuditEventMessage } from "@weir/proto/mesh/v1/audit"
import type { Actor, Restriction as RestrictionMessage } from "@weir/proto/mesh/v1/restriction"

export const toMessage = ({
  at,
  kind,
  reason,
  target,
  until
}: Restriction): RestrictionMessage => ({
  ...{ kind, at, until, reason },
  targetType: target.type,
  target: target.value
})

export interface Named {
  readonly kind: string
  readonly targetType: string
  readonly target: string
}

/** What a restriction is of, and whom it concerns. */
export const named = ({
  kind,
  target: value,
  targetType: type
}: Named): { readonly kind: RestrictionKind; readonly target: RestrictionTarget } | Failure => {
  if (!isRestrictionKind(kind)) return failure("bad_request", `kind: there is no ${kind}`)
  if (!isTargetType(type)) return failure("bad_request", `target: there is no ${type}`)
  return { kind, target: { type, value } }
}

/** Undefined: a newer node's, which we do not know. */
export const fromMessage = (message: RestrictionMessage): Restriction | undefined => {
  const known = named(message)
  if (known instanceof Failure) return undefined
  const { at, reason, until } = message
  return { ...known, at, until, reason }
}

export const toAuditMessage = (event: AuditEvent): AuditEventMessage => {
  const { action, actor, address, at, detail, requestId, result, target } = event
  return { at, action, target, result, detail, actor: { name: actor, address, requestId } }
}

/** Who did it, as the trail says it. */
export const doneBy = (
  actor: Actor | undefined
): Pick<AuditEvent, "actor" | "address" | "requestId"> => {
  const { address = "", name = "", requestId = "" } = actor ?? {}
  return { actor: name, address, requestId }
}

export const fromAuditMessage = (message: AuditEventMessage): AuditEvent => {
  const { action, actor, at, detail, result, target } = message
  return { at, ...doneBy(actor), action, target, result, detail }
}
