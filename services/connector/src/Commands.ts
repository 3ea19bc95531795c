/**
 * Commands: a client's requests after `connected`: check, call, answer.
 */
import { randomUUID } from "node:crypto"
import { checkAccess, type Verb } from "@weir/core/Capability"
import { namespaceOf } from "@weir/core/ChannelName"
import { checkRoster, checkVerb } from "@weir/core/CheckAccess"
import { checkMessage } from "@weir/core/CheckMessage"
import { checkContent } from "@weir/core/Content"
import { type Failure, failure, failures, orFail } from "@weir/core/Failure"
import { checkPageSize } from "@weir/core/PageSize"
import { monotonicMs } from "@weir/flow/Monotonic"
import type { PresenceNodes } from "@weir/mesh/PresenceNodes"
import type { HistoryRequest, PresenceRequest, Publish, Rpc } from "@weir/proto/client/v1/client"
import type { ClientPayload } from "@weir/wire/ClientFrames"
import { decodePublication } from "@weir/wire/Publications"
import type { ServerPayload } from "@weir/wire/ServerFrames"
import { Clock, Deferred, Effect } from "effect"
import type { ConnectDeps } from "./Connect.ts"
import { sign } from "./domain/Ticket.ts"
import { checkMuted } from "./Muted.ts"
import type { RpcHandlers } from "./RpcHandlers.ts"
import type { Session } from "./Session.ts"
import { leave, prepare } from "./Subscribe.ts"

export interface CommandDeps extends ConnectDeps {
  readonly presence: PresenceNodes["Service"]
  readonly rpc: RpcHandlers
}

/** What a page of publications may weigh, so that one answer fits an empty outbox. */
const maxPageBytes = 512 * 1024

type Reply = Effect.Effect<ServerPayload, Failure>

const allowed = ({ namespaces }: CommandDeps, session: Session, verb: Verb, channel: string) =>
  orFail(checkVerb(namespaces, session.identity!.capabilities, verb, channel))

const publish = Effect.fnUntraced(function* (
  deps: CommandDeps,
  session: Session,
  request: Publish
) {
  const { identity, limits, publisher } = session
  const { channel } = request
  // To know it again, it needs a name.
  const named = request.messageId !== "" || !request.excludeSelf
  const messageId = named ? request.messageId : randomUUID()
  const message = yield* orFail(
    checkMessage(deps.namespaces, { ...request, messageId, publisher }, limits.publicationBytes)
  )
  const denied = checkAccess(identity!.capabilities, "publish", channel)
  if (denied !== undefined) return yield* denied
  const namespace = deps.namespaces.get(namespaceOf(channel))!
  if (!namespace.clientPublish) {
    return yield* failure("permission_denied", `clients do not publish to ${namespace.name}`)
  }
  const muted = checkMuted(deps.trust.restrictions(), session)
  if (muted !== undefined) return yield* muted
  const clock = yield* Clock.Clock
  const { sendOrder } = session
  const place = sendOrder.next()
  const held = sendOrder.check(channel, messageId, monotonicMs(clock))
  if (held !== undefined) return yield* held
  const isOwn = request.excludeSelf && session.subscriptions.has(channel)
  const feed = isOwn ? deps.feeds.get(channel) : undefined
  feed?.own.exclude(message, session, clock.currentTimeMillisUnsafe())
  return yield* Effect.tapError(deps.routers.publish(message), (refused) =>
    Effect.sync(() => {
      // Where the outcome is open it may come yet.
      if (!failures[refused.code].retryable) feed?.own.refused(message)
      sendOrder.refused(channel, messageId, place, refused)
      // Answers wait for nobody: this one leaves in the same turn.
      sendOrder.told(channel, messageId, monotonicMs(clock))
    })
  )
})

const history = Effect.fnUntraced(function* (
  deps: CommandDeps,
  session: Session,
  { channel, after, limit, reverse }: HistoryRequest
) {
  yield* allowed(deps, session, "history", channel)
  const page = yield* deps.routers.read({
    channel,
    from: { $case: "after", value: after },
    limit: yield* orFail(checkPageSize(limit)),
    maxBytes: maxPageBytes,
    reverse
  })
  const publications = page.publications.map((entry) => decodePublication(entry).publication)
  return {
    channel,
    position: page.position,
    publications,
    next: page.more ? (publications.at(-1)?.position.offset ?? 0) : 0
  }
})

const roster = Effect.fnUntraced(function* (
  deps: CommandDeps,
  session: Session,
  { channel, counts, limit, after }: PresenceRequest
) {
  yield* orFail(checkRoster(yield* allowed(deps, session, "presence", channel)))
  const page = yield* orFail(checkPageSize(limit))
  return { channel, ...(yield* deps.presence.roster({ channel, counts, limit: page, after })) }
})

/** Ends what the new token does not allow. */
const endDenied = Effect.fnUntraced(function* (deps: CommandDeps, session: Session) {
  for (const subscription of [...session.subscriptions.values()]) {
    const { channel } = subscription
    const { capabilities } = session.identity!
    if (checkAccess(capabilities, "subscribe", channel) === undefined) continue
    // One that is being made was allowed by the token before.
    yield* Deferred.await(subscription.settled)
    if (session.subscriptions.get(channel) !== subscription) continue
    leave(deps, session, subscription)
    session.connection.send({
      $case: "unsubscribed",
      value: { channel, reason: "permission_denied" }
    })
  }
})

const refresh = Effect.fnUntraced(function* (deps: CommandDeps, session: Session, token: string) {
  const identity = yield* deps.auth.authenticate(token)
  if (identity.user !== session.identity!.user) {
    return yield* failure("permission_denied", "token: is for another user")
  }
  const sentence = deps.trust.restrictions().judge(session.standingOf(identity))
  if (sentence !== undefined) {
    session.connection.close(sentence)
    return yield* failure("permission_denied", "token: its user may not be here")
  }
  session.refresh(identity)
  return {
    expiresAt: identity.expiresAt,
    ticket: sign(deps.trust.ticketKeys(), session.id, identity)
  }
})

const unsubscribe = Effect.fnUntraced(function* (
  deps: CommandDeps,
  session: Session,
  channel: string
) {
  const notSubscribed = failure("not_subscribed", `not subscribed to ${channel}`)
  const subscription = session.subscriptions.get(channel)
  if (subscription === undefined) return yield* notSubscribed
  // Sent right behind the subscribe: that one is answered first.
  subscription.leaving = true
  yield* Deferred.await(subscription.settled)
  if (session.subscriptions.get(channel) !== subscription) return yield* notSubscribed
  leave(deps, session, subscription)
  return { channel, reason: "" }
})

const ended = (session: Session): Effect.Effect<never, Failure> =>
  Effect.callback((resume) => {
    const gone = () => resume(Effect.fail(failure("unavailable", "the connection has ended")))
    const forget = session.onEnd(gone)
    return Effect.sync(forget)
  })

const rpc = Effect.fnUntraced(function* (
  deps: CommandDeps,
  session: Session,
  { contentType, data, method }: Rpc
) {
  const isEmpty = data.byteLength === 0
  const limit = session.limits.publicationBytes
  const content = isEmpty ? data : yield* orFail(checkContent(contentType, data, limit))
  const called = deps.rpc.call({
    method,
    contentType,
    data: content,
    user: session.identity!.user,
    member: session.publicName,
    requestId: randomUUID()
  })
  // Who is gone does not want it any more, and the backend may have others to answer.
  return yield* Effect.raceFirst(called, ended(session))
})

/** The answer to a request, for those that have one answer and nothing to do after it. */
const reply = (deps: CommandDeps, session: Session, payload: ClientPayload): Reply => {
  switch (payload.$case) {
    case "publish":
      return Effect.map(publish(deps, session, payload.value), (value) => ({
        $case: "published",
        value
      }))
    case "history":
      return Effect.map(history(deps, session, payload.value), (value) => ({
        $case: "history",
        value
      }))
    case "presence":
      return Effect.map(roster(deps, session, payload.value), (value) => ({
        $case: "presence",
        value
      }))
    case "refresh":
      return Effect.map(refresh(deps, session, payload.value.token), (value) => ({
        $case: "refreshed",
        value
      }))
    case "unsubscribe":
      return Effect.map(unsubscribe(deps, session, payload.value.channel), (value) => ({
        $case: "unsubscribed",
        value
      }))
    case "rpc":
      return Effect.map(rpc(deps, session, payload.value), (value) => ({
        $case: "rpcResult",
        value
      }))
    case "ping":
      return Effect.succeed({ $case: "pong", value: {} })
    default:
      return Effect.fail(
        failure("unknown_type", `type: this server does not answer ${payload.$case}`)
      )
  }
}

/** Answers one request. Never fails: what goes wrong is the answer. */
export const handle = (
  deps: CommandDeps,
  session: Session,
  id: number,
  payload: ClientPayload
): Effect.Effect<void> => {
  const { connection } = session
  const answered =
    payload.$case === "subscribe"
      ? Effect.map(prepare(deps, session, payload.value), ({ subscribed, begin }) => {
          connection.send({ $case: "subscribed", value: subscribed() }, id)
          begin()
        })
      : Effect.map(reply(deps, session, payload), (value) => connection.send(value, id))
  const done =
    payload.$case === "refresh"
      ? Effect.andThen(
          answered,
          Effect.suspend(() => endDenied(deps, session))
        )
      : answered
  return Effect.catch(done, (refused) => Effect.sync(() => connection.refuse(id, refused)))
}
