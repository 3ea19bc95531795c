/**
 * AdminAccess: who may look at the whole cluster, and who may change what others may.
 *
 * What is refused here is written in the audit trail.
 */
import { randomUUID } from "node:crypto"
import { type ApiKey, makeAuthenticator } from "@weir/core/ApiKey"
import { Failure, failure } from "@weir/core/Failure"
import type { CallInfo } from "@weir/grpc/Handlers"
import type { AuditNotes } from "@weir/mesh/AuditNotes"
import type { Actor } from "@weir/proto/mesh/v1/restriction"
import { Effect } from "effect"

export interface AdminAccess {
  readonly look: (call: CallInfo, action: string) => Effect.Effect<void, Failure>
  /** Gives who it is. */
  readonly administer: (call: CallInfo, action: string) => Effect.Effect<Actor, Failure>
}

const mayLook = ({ admin, capabilities }: ApiKey): boolean =>
  admin || capabilities.some(({ pattern, verbs }) => pattern === "*" && verbs.length > 0)

const notAll = failure(
  "permission_denied",
  "this API key may not see all channels: give it a verb on the pattern `*`"
)

const noAdmin = failure(
  "permission_denied",
  'this API key may not administer: give it "admin": true in the configuration'
)

/** A caller's own, so that its logs and the trail can be read together. */
const requestIdOf = ({ metadata }: CallInfo): string => {
  const given = metadata("x-request-id") ?? ""
  return /^[\x21-\x7e]{1,64}$/.test(given) ? given : randomUUID()
}

export const make = (keys: ReadonlyArray<ApiKey>, { note }: AuditNotes): AdminAccess => {
  const authenticate = makeAuthenticator(keys)

  const check = (
    call: CallInfo,
    action: string,
    may: (key: ApiKey) => boolean,
    refusal: Failure
  ): Effect.Effect<ApiKey, Failure> => {
    const key = authenticate(call.metadata("authorization"))
    const isKey = !(key instanceof Failure)
    if (isKey && may(key)) return Effect.succeed(key)
    const refused = isKey ? refusal : key
    note({
      actor: isKey ? key.id : "",
      ...{ address: call.address, action, target: "", result: refused.code, detail: "" }
    })
    return Effect.fail(refused)
  }

  return {
    look: (call, action) => Effect.asVoid(check(call, action, mayLook, notAll)),
    administer: (call, action) =>
      check(call, action, ({ admin }) => admin, noAdmin).pipe(
        Effect.map(({ id }) => ({ name: id, address: call.address, requestId: requestIdOf(call) }))
      )
  }
}
