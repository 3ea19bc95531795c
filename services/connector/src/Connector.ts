/**
 * Connector: holds client connections. What a transport may ask: open one, give
 * it what the client sent, tell it that the client is gone.
 */
import { randomBytes } from "node:crypto"
import { failure } from "@weir/core/Failure"
import { ByteBudget } from "@weir/flow/ByteBudget"
import type { Connect } from "@weir/proto/client/v1/client"
import type { Transport } from "@weir/socket/WebSocketServer"
import type { ClientPayload, Decoded } from "@weir/wire/ClientFrames"
import { decodeJson } from "@weir/wire/JsonClientFrames"
import { decodeProto } from "@weir/wire/ProtoClientFrames"
import { Context, Effect, FiberSet } from "effect"
import { type CommandDeps, handle } from "./Commands.ts"
import { connect } from "./Connect.ts"
import { Connection } from "./Connection.ts"
import type { ConnectorConfig } from "./ConnectorConfig.ts"
import {
  commands,
  connections as connectionsGauge,
  messagesIn,
  pendingCommands,
  pingSeconds
} from "./ConnectorMetrics.ts"
import { AddressCounts } from "./domain/AddressCounts.ts"
import type { Admitted } from "./domain/NodeAdmission.ts"
import { sessionIds } from "./domain/SessionId.ts"
import * as Evictions from "./Evictions.ts"
import type { Flusher } from "./Flusher.ts"
import type { Framing } from "./Framing.ts"
import { Heartbeats } from "./loops/Heartbeats.ts"
import { Session } from "./Session.ts"
import { type SignalDeps, sendSignal } from "./Signals.ts"
import { leave } from "./Subscribe.ts"

export class Connector extends Context.Service<
  Connector,
  {
    /** `address`: as `SessionOptions` has it. */
    readonly open: (
      transport: Transport,
      framing: Framing,
      admitted: Admitted,
      address?: string
    ) => Session
    readonly received: (session: Session, data: Buffer, isBinary: boolean) => void
    /** The client sent something that its transport has answered, if it had to be. */
    readonly controlled: (session: Session) => void
    readonly closed: (session: Session, code: number) => void
    readonly sessions: () => ReadonlySet<Session>
    /** How many are open from there, as limits count addresses. */
    readonly connectionsFrom: (address: string) => number
    /** An id that nobody guesses, which names this node. */
    readonly newId: () => string
  }
>()("weir/connector/Connector") {}

/** This many unparsable frames within the window end the connection. */
const unparsableLimit = 3
const unparsableWindowMs = 10_000

/** A client that is refused this often in a row does not listen. */
const refusedInARowLimit = 100

const malformed = (message: string, code: "bad_request" | "payload_too_large"): Decoded => ({
  _tag: "Malformed",
  id: 0,
  failure: failure(code, message),
  unparsable: true
})

const decode = (session: Session, data: Buffer, isBinary: boolean): ReadonlyArray<Decoded> => {
  const { limits } = session
  const { format } = session.connection
  if (data.byteLength > limits.frameBytes) {
    const sizes = `${data.byteLength} bytes, limit ${limits.frameBytes}`
    return [malformed(`frame: ${sizes}`, "payload_too_large")]
  }
  if (format === "json") {
    return isBinary
      ? [malformed("frame: must be text", "bad_request")]
      : decodeJson(data.toString())
  }
  return isBinary ? decodeProto(data) : [malformed("frame: must be binary", "bad_request")]
}

export interface ConnectorDeps extends CommandDeps, SignalDeps {
  readonly flusher: Flusher
}

export const make = Effect.fnUntraced(function* (config: ConnectorConfig, deps: ConnectorDeps) {
  const sessions = new Set<Session>()
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const heartbeats = new Heartbeats(Date.now())
  yield* Effect.forkScoped(heartbeats.run)
  yield* Evictions.run({ ...deps, sessions })
  deps.announcements.onSurplus((seat, memberId) => {
    for (const session of sessions) {
      if (session.seat !== seat || session.publicName !== memberId) continue
      session.connection.close("connection_limit")
    }
  })

  const countUnparsable = (session: Session, now: number): boolean => {
    const recent = session.unparsable.filter((at) => now - at <= unparsableWindowMs)
    session.unparsable = [...recent, now]
    return session.unparsable.length >= unparsableLimit
  }

  const onMalformed = (
    session: Session,
    { id, failure: refused, unparsable }: Decoded & { readonly _tag: "Malformed" },
    now: number
  ) => {
    commands("malformed").add()
    const { connection } = session
    if (session.phase !== "connected") return connection.close("bad_request", refused.message)
    connection.refuse(id, refused)
    if (unparsable && countUnparsable(session, now)) {
      connection.close("bad_request", refused.message)
    }
  }

  const countRefused = (session: Session, isRefused: boolean) => {
    session.refusedInARow = isRefused ? session.refusedInARow + 1 : 0
    if (session.refusedInARow >= refusedInARowLimit) session.connection.close("too_many_requests")
  }

  /** True when the client may go on now. */
  const withinRate = (session: Session, decoded: Decoded, now: number): boolean => {
    const { id } = decoded
    const isSignal = decoded._tag === "Frame" && decoded.payload.$case === "signal"
    const waitMs = (isSignal ? session.signals(now) : session.commands)?.take(now) ?? 0
    if (waitMs > 0) {
      const { connection, limits } = session
      const what = isSignal ? "signals" : "commands"
      const { perSecond } = limits[what]
      connection.refuse(id, failure("too_many_requests", `${what}: ${perSecond} a second`, waitMs))
    }
    countRefused(session, waitMs > 0)
    return waitMs === 0
  }

  /** Runs what answers a request. */
  const answering = (
    { connection }: Session,
    id: number,
    type: ClientPayload["$case"],
    command: Effect.Effect<void>,
    ended: () => void
  ) =>
    run(
      command.pipe(
        Effect.tapCause((cause) => Effect.logError("a command died", { type }, cause)),
        Effect.catchCause(() =>
          Effect.sync(() => connection.refuse(id, failure("internal", "internal error")))
        ),
        Effect.ensuring(Effect.sync(ended))
      )
    )

  /** Nothing else may come until it is answered: it needs no place among what is pending. */
  const onConnect = (session: Session, id: number, request: Connect) => {
    session.phase = "connecting"
    pendingCommands.add(1)
    const ended = () => {
      pendingCommands.add(-1)
      heartbeats.watch(session)
    }
    connect(deps, session, id, request, (rest) => {
      if (rest === undefined) ended()
      else answering(session, id, "connect", rest, ended)
    })
  }

  const onFrame = (session: Session, { id, payload }: Decoded & { readonly _tag: "Frame" }) => {
    commands(payload.$case).add()
    const { connection, phase } = session
    if (phase === "connecting") return connection.close("bad_request", "nothing before `connected`")
    if (phase === "new") {
      if (payload.$case !== "connect") return connection.close("bad_request", "connect first")
      return onConnect(session, id, payload.value)
    }
    if (payload.$case === "connect") {
      return connection.refuse(id, failure("bad_request", "type: already connected"))
    }
    if (payload.$case === "pong") return
    if (id !== 0 && session.isPending(id)) {
      return connection.refuse(id, failure("duplicate_id", `id: ${id} is still unanswered`))
    }
    if (payload.$case === "signal") {
      const refused = sendSignal(deps, session, payload.value)
      return refused === undefined ? undefined : connection.refuse(id, refused)
    }
    const { pendingCommands: limit } = session.limits
    if (session.pending >= limit) {
      return connection.refuse(
        id,
        failure("too_many_requests", `${limit} requests unanswered`, 100)
      )
    }
    session.begin(id)
    pendingCommands.add(1)
    answering(session, id, payload.$case, handle(deps, session, id, payload), () => {
      session.end(id)
      pendingCommands.add(-1)
      if (payload.$case === "refresh") heartbeats.watch(session)
    })
  }

  const answersPing = (session: Session, decoded: Decoded, now: number): boolean => {
    if (decoded._tag === "Malformed" || decoded.payload.$case !== "pong") return false
    session.answersBeats = true
    if (session.pingedAt === 0) return false
    pingSeconds(Math.max(0, now - session.pingedAt) / 1_000)
    session.pingedAt = 0
    return true
  }

  const receive = (session: Session, data: Buffer, isBinary: boolean) => {
    const { connection } = session
    if (connection.closed) return
    const now = Date.now()
    session.lastReceivedAt = now
    messagesIn.add()
    for (const decoded of decode(session, data, isBinary)) {
      if (connection.closed) return
      // Whatever it is, it costs a token; only the answer to our own ping is free.
      if (!answersPing(session, decoded, now) && !withinRate(session, decoded, now)) continue
      if (decoded._tag === "Frame") onFrame(session, decoded)
      else onMalformed(session, decoded, now)
    }
  }

  /** A bug met by one message must not end the process, nor the client's other requests. */
  const received = (session: Session, data: Buffer, isBinary: boolean) => {
    try {
      receive(session, data, isBinary)
    } catch (defect) {
      run(Effect.logError("a message could not be handled", defect))
      session.connection.refuse(0, failure("internal", "internal error"))
    }
  }

  /** It costs as much as a request, or it would be a way to ask for work without end. */
  const controlled = (session: Session) => {
    const waitMs = session.commands?.take(Date.now()) ?? 0
    countRefused(session, waitMs > 0)
  }

  const { limits, node } = config
  const outbox = {
    maxFrames: limits.outboxFrames,
    maxBytes: limits.outboxBytes,
    shared: new ByteBudget(limits.outboxBytesPerNode)
  }

  const newId = sessionIds(node, randomBytes)
  const addresses = new AddressCounts()

  const open = (
    transport: Transport,
    framing: Framing,
    admitted: Admitted,
    address?: string
  ): Session => {
    const nowMillis = Date.now()
    const connection = new Connection({
      transport,
      framing,
      outbox,
      nowMillis,
      flusher: deps.flusher,
      onDrained: () => deps.replayer.start(session)
    })
    const session = new Session({ address, admitted, newId, connection, limits, nowMillis })
    sessions.add(session)
    addresses.add(admitted.from)
    heartbeats.watch(session)
    connectionsGauge[framing.carrier].add(1)
    return session
  }

  const closed = (session: Session, code: number) => {
    session.connection.gone(code)
    session.ended()
    for (const subscription of session.subscriptions.values()) leave(deps, session, subscription)
    heartbeats.forget(session)
    if (session.seat !== undefined) deps.announcements.leave(session.seat, session.publicName)
    session.seat = undefined
    const { carrier } = session.connection.framing
    if (!sessions.delete(session)) return
    connectionsGauge[carrier].add(-1)
    addresses.remove(session.from)
  }

  /** Tells every client why, and gives the words the time to leave. */
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      for (const { connection } of sessions) connection.close("shutdown")
      yield* Effect.sleep("20 millis").pipe(
        Effect.repeat({ while: () => sessions.size > 0 }),
        Effect.timeoutOption("2500 millis")
      )
    })
  )

  return Connector.of({
    ...{ open, received, controlled, closed, newId },
    sessions: () => sessions,
    connectionsFrom: (address) => addresses.of(address)
  })
})
