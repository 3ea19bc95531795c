/**
 * RestrictionVerbs: the verbs of the admin API that take something from somebody, or give it
 * back. Auth keeps and audits them; this is the door.
 */
import { Failure, failure, orFail } from "@weir/core/Failure"
import { checkPageSize } from "@weir/core/PageSize"
import {
  isRestrictionKind,
  type Restriction,
  type RestrictionKind,
  type RestrictionTarget,
  restrictionKinds
} from "@weir/core/Restriction"
import type { CallInfo } from "@weir/grpc/Handlers"
import type { RestrictionNode } from "@weir/mesh/RestrictionNode"
import type {
  LiftRequest,
  ListRestrictionsRequest,
  ReadAuditRequest,
  Restriction as RestrictionMessage,
  RestrictRequest,
  Target
} from "@weir/proto/api/v1/admin"
import { Effect } from "effect"
import type { AdminAccess } from "./AdminAccess.ts"

const targetOf = ({ target }: Target): RestrictionTarget | Failure => {
  switch (target?.$case) {
    case "user":
    case "session":
    case "address":
      return { type: target.$case, value: target.value }
    case "tokenId":
      return { type: "token", value: target.value }
    case "everybody":
      if (target.value) return { type: "everybody", value: "" }
      return failure("bad_request", "target.everybody: must be true")
    case undefined:
      return failure("bad_request", "target: is missing")
  }
}

const targetMessage = ({ type, value }: RestrictionTarget): Target => {
  switch (type) {
    case "token":
      return { target: { $case: "tokenId", value } }
    case "everybody":
      return { target: { $case: "everybody", value: true } }
    default:
      return { target: { $case: type, value } }
  }
}

const toMessage = ({ at, kind, reason, target, until }: Restriction): RestrictionMessage => ({
  ...{ kind, at, until, reason },
  target: targetMessage(target)
})

const named = ({
  kind,
  target
}: Pick<RestrictRequest, "kind" | "target">):
  | { readonly kind: RestrictionKind; readonly target: RestrictionTarget }
  | Failure => {
  if (!isRestrictionKind(kind)) {
    return failure("bad_request", `kind: must be one of ${restrictionKinds.join(", ")}`)
  }
  const found =
    target === undefined ? failure("bad_request", "target: is missing") : targetOf(target)
  return found instanceof Failure ? found : { kind, target: found }
}

export const make = (access: AdminAccess, auth: RestrictionNode["Service"]) => ({
  restrict: Effect.fnUntraced(function* (request: RestrictRequest, call: CallInfo) {
    const actor = yield* access.administer(call, request.kind)
    const asked = yield* orFail(named(request))
    const { forSeconds, issuedBefore, reason } = request
    const restriction = yield* auth.restrict(
      { ...asked, forMs: forSeconds * 1_000, issuedBefore, reason },
      actor
    )
    return { restriction: toMessage(restriction) }
  }),

  lift: Effect.fnUntraced(function* (request: LiftRequest, call: CallInfo) {
    const actor = yield* access.administer(call, `lift.${request.kind}`)
    const { kind, target } = yield* orFail(named(request))
    return { lifted: yield* auth.lift(kind, target, actor) }
  }),

  listRestrictions: Effect.fnUntraced(function* (request: ListRestrictionsRequest, call: CallInfo) {
    yield* access.administer(call, "restrictions.list")
    const limit = yield* orFail(checkPageSize(request.limit))
    if (request.kind !== "" && !isRestrictionKind(request.kind)) {
      return yield* failure("bad_request", `kind: must be one of ${restrictionKinds.join(", ")}`)
    }
    const { next, restrictions } = yield* auth.list(request.kind, limit, request.after)
    return { restrictions: restrictions.map(toMessage), next }
  }),

  readAudit: Effect.fnUntraced(function* ({ after, limit }: ReadAuditRequest, call: CallInfo) {
    const actor = yield* access.administer(call, "audit.read")
    return yield* auth.readAudit(after, yield* orFail(checkPageSize(limit)), actor)
  })
})
