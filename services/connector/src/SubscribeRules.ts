/**
 * SubscribeRules: may this client subscribe to this channel, in this way?
 */
import { checkAccess } from "@weir/core/Capability"
import { checkRoster, checkVerb } from "@weir/core/CheckAccess"
import { checkContent } from "@weir/core/Content"
import { Failure, failure } from "@weir/core/Failure"
import type { Namespace, Namespaces } from "@weir/core/Namespace"
import type { Subscribe } from "@weir/proto/client/v1/client"
import { longestMs } from "./MaxRate.ts"
import type { Session } from "./Session.ts"

const maxMemberBytes = 1_024
const maxRewind = 1_000

/** The channel's namespace, or why this client may not subscribe to it like this. */
export const checkSubscribe = (
  namespaces: Namespaces,
  session: Session,
  request: Subscribe
): Namespace | Failure => {
  const { capabilities } = session.identity!
  const namespace = checkVerb(namespaces, capabilities, "subscribe", request.channel)
  if (namespace instanceof Failure) return namespace
  if (request.since !== undefined && request.rewind !== undefined) {
    return failure("bad_request", "rewind: not together with since")
  }
  const last = request.rewind?.from?.$case === "last" ? request.rewind.from.value : 0
  if (last > maxRewind) return failure("bad_request", `rewind.last: ${last}, limit ${maxRewind}`)
  if (request.rewind !== undefined && checkAccess(capabilities, "history", request.channel)) {
    return failure("permission_denied", `rewind: no capability for history on ${request.channel}`)
  }
  if (request.maxRateMs > longestMs) {
    return failure("bad_request", `maxRateMs: ${request.maxRateMs}, limit ${longestMs}`)
  }
  if (request.member !== undefined || request.presence) {
    const roster = checkRoster(namespace)
    if (roster instanceof Failure) return roster
    const denied = checkAccess(capabilities, "presence", request.channel)
    if (denied !== undefined) return denied
  }
  if (request.member !== undefined && request.member.data.byteLength > 0) {
    const { contentType, data } = request.member
    const content = checkContent(contentType, data, maxMemberBytes)
    if (content instanceof Failure) return failure(content.code, `member.${content.message}`)
  }
  if (session.subscriptions.has(request.channel)) {
    return failure("already_subscribed", `already subscribed to ${request.channel}`)
  }
  const { subscriptions } = session.limits
  return session.subscriptions.size >= subscriptions
    ? failure("too_many_requests", `subscriptions: limit ${subscriptions} for one connection`)
    : namespace
}
