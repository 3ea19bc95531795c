/**
 * Connect: the first request: who is this, and what does it want at once?
 */
import type { CloseName } from "@weir/core/CloseCode"
import { Failure, failureOf } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import type { AuthNode } from "@weir/mesh/AuthNode"
import type { Connect, SubscribeResult } from "@weir/proto/client/v1/client"
import { Clock, Effect, Exit } from "effect"
import { failures } from "./ConnectorMetrics.ts"
import { sign, verify } from "./domain/Ticket.ts"
import type { Trust } from "./loops/Trust.ts"
import type { Session } from "./Session.ts"
import { type Prepared, prepare, type SubscribeDeps } from "./Subscribe.ts"

export const protocolVersion = "1"

const maxSubscriptions = 128
const maxClientBytes = 64

export interface ConnectDeps extends SubscribeDeps {
  readonly auth: AuthNode["Service"]
  readonly trust: Trust
}

/** The connection ends: with this close code, and these words in its reason. */
class Rejected extends Failure {
  readonly close: CloseName
  constructor(close: CloseName, message: string) {
    super({ code: "bad_request", message, retryAfterMs: 0 })
    this.close = close
  }
}

const checkForm = (request: Connect): Rejected | undefined => {
  if (request.token === "" && request.ticket === "") {
    return new Rejected("invalid_token", "token: missing")
  }
  if (!request.versions.includes(protocolVersion)) {
    return new Rejected("unsupported_version", `versions: this server speaks ${protocolVersion}`)
  }
  if (Buffer.byteLength(request.client) > maxClientBytes) {
    return new Rejected("bad_request", `client: limit ${maxClientBytes} bytes`)
  }
  return request.subscriptions.length > maxSubscriptions
    ? new Rejected("bad_request", `subscriptions: limit ${maxSubscriptions}`)
    : undefined
}

interface Identified {
  readonly identity: Identity
  /** The session that the client comes back to. */
  readonly sessionId: string | undefined
  /** The client's own, where it is as good as a new one: those who come back are many at once. */
  readonly ticket: string | undefined
}

const identify = Effect.fnUntraced(function* (
  deps: ConnectDeps,
  request: Connect
): Effect.fn.Return<Identified, Failure> {
  if (request.ticket !== "") {
    const now = yield* Clock.currentTimeMillis
    const ticket = verify(deps.trust.ticketKeys(), request.ticket, now)
    if (!(ticket instanceof Failure)) {
      const { identity, isCurrent, sessionId } = ticket
      return { identity, sessionId, ticket: isCurrent ? request.ticket : undefined }
    }
    // The client may have sent both, so that a stale ticket costs no second try.
    if (request.token === "") return yield* ticket
  }
  const identity = yield* deps.auth.authenticate(request.token)
  return { identity, sessionId: undefined, ticket: undefined }
})

const toResult = (prepared: Exit.Exit<Prepared, Failure>): SubscribeResult => {
  if (Exit.isSuccess(prepared)) {
    return { result: { $case: "subscribed", value: prepared.value.subscribed() } }
  }
  const { code, message, retryAfterMs } = failureOf(prepared)
  failures(code).add()
  return { result: { $case: "error", value: { code, message, retryAfterMs } } }
}

const accept = Effect.fnUntraced(function* (
  deps: ConnectDeps,
  session: Session,
  id: number,
  request: Connect
): Effect.fn.Return<void, Failure> {
  const rejected = checkForm(request)
  if (rejected !== undefined) return yield* rejected
  const { identity, sessionId, ticket } = yield* identify(deps, request)
  session.resumeAs(sessionId ?? session.id, identity)
  const prepared = yield* Effect.forEach(
    request.subscriptions,
    (subscribe) => Effect.exit(prepare(deps, session, subscribe)),
    { concurrency: "unbounded" }
  )
  const { user, expiresAt } = identity
  session.phase = "connected"
  if (request.batch) session.connection.acceptBatches()
  session.connection.send(
    {
      $case: "connected",
      value: {
        version: protocolVersion,
        session: session.id,
        ticket: ticket ?? sign(deps.trust.ticketKeys(), session.id, identity),
        user,
        heartbeatMs: session.limits.heartbeatMs,
        expiresAt,
        subscriptions: prepared.map(toResult)
      }
    },
    id
  )
  for (const exit of prepared) if (Exit.isSuccess(exit)) exit.value.begin()
})

/** Why the connection ends when it could not be accepted. */
const closeOf = (refused: Failure): CloseName | undefined => {
  if (refused instanceof Rejected) return refused.close
  return refused.code === "unauthenticated" ? "invalid_token" : undefined
}

export const connect = (
  deps: ConnectDeps,
  session: Session,
  id: number,
  request: Connect
): Effect.Effect<void> =>
  accept(deps, session, id, request).pipe(
    Effect.catch((refused) =>
      Effect.sync(() => {
        const close = closeOf(refused)
        if (close !== undefined) return session.connection.close(close, refused.message)
        // Nothing is wrong with the client: it may try again on this connection.
        session.phase = "new"
        session.awaitingConnectSince = Date.now()
        session.connection.refuse(id, refused)
      })
    )
  )
