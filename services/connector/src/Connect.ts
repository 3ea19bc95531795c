/**
 * Connect: the first request: who is this, and what does it want at once?
 */
import type { CloseName } from "@weir/core/CloseCode"
import { Failure, failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import type { AuthNode } from "@weir/mesh/AuthNode"
import type { Connect, SubscribeResult } from "@weir/proto/client/v1/client"
import { Clock, Effect, Exit } from "effect"
import type { Connection } from "./Connection.ts"
import { failures } from "./ConnectorMetrics.ts"
import { sign, verify } from "./domain/Ticket.ts"
import type { Trust } from "./loops/Trust.ts"
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

const identify = Effect.fnUntraced(function* (
  deps: ConnectDeps,
  request: Connect
): Effect.fn.Return<Identity, Failure> {
  if (request.ticket !== "") {
    const now = yield* Clock.currentTimeMillis
    const identity = verify(deps.trust.ticketKeys(), request.ticket, now)
    if (!(identity instanceof Failure)) return identity
    // The client may have sent both, so that a stale ticket costs no second try.
    if (request.token === "") return yield* identity
  }
  return yield* deps.auth.authenticate(request.token)
})

const toResult = (prepared: Exit.Exit<Prepared, Failure>): SubscribeResult => {
  if (Exit.isSuccess(prepared)) {
    return { result: { $case: "subscribed", value: prepared.value.subscribed() } }
  }
  const { code, message, retryAfterMs } =
    prepared.cause.reasons.find((reason) => reason._tag === "Fail")?.error ??
    failure("internal", "internal error")
  failures(code).add()
  return { result: { $case: "error", value: { code, message, retryAfterMs } } }
}

const accept = Effect.fnUntraced(function* (
  deps: ConnectDeps,
  connection: Connection,
  id: number,
  request: Connect
): Effect.fn.Return<void, Failure> {
  const rejected = checkForm(request)
  if (rejected !== undefined) return yield* rejected
  const identity = yield* identify(deps, request)
  connection.identity = identity
  const prepared = yield* Effect.forEach(
    request.subscriptions,
    (subscribe) => Effect.exit(prepare(deps, connection, subscribe)),
    { concurrency: "unbounded" }
  )
  const { user, expiresAt } = identity
  connection.send(
    {
      $case: "connected",
      value: {
        version: protocolVersion,
        session: connection.session,
        ticket: sign(deps.trust.ticketKeys(), connection.session, identity),
        user,
        heartbeatMs: connection.limits.heartbeatMs,
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
  connection: Connection,
  id: number,
  request: Connect
): Effect.Effect<void> =>
  accept(deps, connection, id, request).pipe(
    Effect.catch((refused) =>
      Effect.sync(() => {
        const close = closeOf(refused)
        if (close !== undefined) return connection.close(close, refused.message)
        // Nothing is wrong with the client: it may try again on this connection.
        connection.connecting = false
        connection.refuse(id, refused)
      })
    )
  )
