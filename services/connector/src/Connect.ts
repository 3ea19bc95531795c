/**
 * Connect: the first request: who is this, and what does it want at once?
 */
import { Failure, failure, failureOf } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import type { AuthNode } from "@weir/mesh/AuthNode"
import { type Connect, Subscribe, type SubscribeResult } from "@weir/proto/client/v1/client"
import type { ServerPayload } from "@weir/wire/ServerFrames"
import { Effect, Exit } from "effect"
import { failures, newcomersHeld } from "./ConnectorMetrics.ts"
import type { NodeAdmission } from "./domain/NodeAdmission.ts"
import { sign, verify } from "./domain/Ticket.ts"
import { type EntranceDeps, enter } from "./Entrance.ts"
import { closeOf, Rejected } from "./Rejected.ts"
import type { Session } from "./Session.ts"
import { type Prepared, prepare, type SubscribeDeps } from "./Subscribe.ts"

export const protocolVersion = "1"

const maxSubscriptions = 128
const maxClientBytes = 64

export interface ConnectDeps extends SubscribeDeps, EntranceDeps {
  readonly auth: AuthNode["Service"]
  /** As `connected` names them. */
  readonly features: ReadonlyArray<string>
  readonly admission: NodeAdmission
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

/** Calls `then` once, and at once where a ticket decides. */
const identify = (
  { auth, trust }: ConnectDeps,
  request: Connect,
  then: (identified: Identified | Failure) => void
): void => {
  if (request.ticket !== "") {
    const ticket = verify(trust.ticketKeys(), request.ticket, Date.now())
    if (!(ticket instanceof Failure)) {
      const { identity, isCurrent, sessionId } = ticket
      return then({ identity, sessionId, ticket: isCurrent ? request.ticket : undefined })
    }
    // The client may have sent both, so that a stale ticket costs no second try.
    if (request.token === "") return then(ticket)
  }
  auth.ask(request.token, (verdict) =>
    then(
      Exit.isSuccess(verdict)
        ? { identity: verdict.value, sessionId: undefined, ticket: undefined }
        : failureOf(verdict)
    )
  )
}

const toResult = (prepared: Exit.Exit<Prepared, Failure>): SubscribeResult => {
  if (Exit.isSuccess(prepared)) {
    return { result: { $case: "subscribed", value: prepared.value.subscribed() } }
  }
  const { code, message, retryAfterMs } = failureOf(prepared)
  failures(code).add()
  return { result: { $case: "error", value: { code, message, retryAfterMs } } }
}

/** What the token asks for beside what the client does. */
const givenTo = ({ subscriptions = [] }: Identity, asked: ReadonlyArray<Subscribe>) =>
  subscriptions
    .filter((channel) => !asked.some((subscribe) => subscribe.channel === channel))
    .map((channel) => Subscribe.fromPartial({ channel }))

/** The client did not name it, so a refusal has to. */
const naming = ({ channel }: Subscribe) =>
  Effect.mapError(({ code, message, retryAfterMs }: Failure) =>
    failure(code, `${channel}: ${message}`, retryAfterMs)
  )

const welcome = (
  { features, trust }: ConnectDeps,
  session: Session,
  id: number,
  { identity, ticket }: Identified,
  prepared: ReadonlyArray<Exit.Exit<Prepared, Failure>>,
  asked = 0
): void => {
  const { connection, limits } = session
  const connected: ServerPayload = {
    $case: "connected",
    value: {
      version: protocolVersion,
      session: session.address ?? session.id,
      ticket: ticket ?? sign(trust.ticketKeys(), session.id, identity),
      user: identity.user,
      heartbeatMs: limits.heartbeatMs,
      expiresAt: identity.expiresAt,
      subscriptions: prepared.slice(0, asked).map(toResult),
      features: [...features],
      serverSubscriptions: prepared.slice(asked).map(toResult)
    }
  }
  session.phase = "connected"
  if (prepared.length === 0) return connection.sendAtOnce(connected, id)
  connection.send(connected, id)
  for (const exit of prepared) if (Exit.isSuccess(exit)) exit.value.begin()
}

const refuse = (session: Session, id: number, refused: Failure): void => {
  const close = closeOf(refused)
  if (close !== undefined) return session.connection.close(close, refused.message)
  // Nothing is wrong with the client: it may try again on this connection.
  session.phase = "new"
  session.awaitingConnectSince = Date.now() + refused.retryAfterMs
  session.connection.refuse(id, refused)
}

/** Answers, or gives what is to be waited for before that. */
const accept = (
  deps: ConnectDeps,
  session: Session,
  id: number,
  { batch, subscriptions }: Connect,
  identified: Identified
): Effect.Effect<void> | undefined => {
  if (batch) session.connection.acceptBatches()
  const given = givenTo(identified.identity, subscriptions)
  const asked = subscriptions.length
  if (asked + given.length === 0) {
    welcome(deps, session, id, identified, [])
    return undefined
  }
  const prepareGiven = (it: Subscribe) => naming(it)(prepare(deps, session, it))
  const preparing = [
    ...subscriptions.map((it) => prepare(deps, session, it)),
    ...given.map(prepareGiven)
  ]
  return Effect.forEach(preparing, Effect.exit, { concurrency: "unbounded" }).pipe(
    Effect.map((prepared) => welcome(deps, session, id, identified, prepared, asked))
  )
}

/** The same, once it is its turn: at once for who comes back. */
const acceptInTurn = (
  deps: ConnectDeps,
  session: Session,
  id: number,
  request: Connect,
  identified: Identified
): Effect.Effect<void> | undefined => {
  const { admission } = deps
  // A clock that never steps: a turn that was given lies ahead of it.
  const now = performance.now()
  if (identified.sessionId !== undefined) {
    admission.returned(now)
    return accept(deps, session, id, request, identified)
  }
  const waitMs = admission.newcomer(now)
  if (waitMs instanceof Failure) {
    refuse(session, id, waitMs)
    return undefined
  }
  if (waitMs === 0) return accept(deps, session, id, request, identified)
  newcomersHeld.add()
  const accepted = Effect.suspend(() => {
    if (session.connection.closed) return Effect.void
    return accept(deps, session, id, request, identified) ?? Effect.void
  })
  return Effect.delay(accepted, waitMs)
}

/**
 * Answers a `connect`, and then calls `after` once: with what is left to do, if anything is.
 * No fiber is needed to say who somebody is, which many do at once: it took a tenth of a
 * handshake.
 */
export const connect = (
  deps: ConnectDeps,
  session: Session,
  id: number,
  request: Connect,
  after: (rest: Effect.Effect<void> | undefined) => void
): void => {
  const rejected = checkForm(request)
  if (rejected !== undefined) {
    refuse(session, id, rejected)
    return after(undefined)
  }
  identify(deps, request, (identified) => {
    let rest: Effect.Effect<void> | undefined
    try {
      if (identified instanceof Failure) refuse(session, id, identified)
      else {
        session.resumeAs(identified.sessionId, identified.identity)
        rest = enter(deps, {
          session,
          refuse: (why) => refuse(session, id, why),
          goOn: () => acceptInTurn(deps, session, id, request, identified)
        })
      }
    } catch (defect) {
      // It is this client's alone: who calls us has verdicts for others, too.
      rest = Effect.die(defect)
    }
    after(rest)
  })
}
