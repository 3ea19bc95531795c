/**
 * Connector: holds client connections. What a transport may ask: open one, give
 * it what the client sent, tell it that the client is gone.
 */
import { failure } from "@weir/core/Failure"
import type { ConnectionHandlers, Connection as Transport } from "@weir/socket/WebSocketServer"
import type { Decoded } from "@weir/wire/ClientFrames"
import { decodeJson } from "@weir/wire/JsonClientFrames"
import { decodeProto } from "@weir/wire/ProtoClientFrames"
import type { WireFormat } from "@weir/wire/ServerFrames"
import { Context, Effect, FiberSet } from "effect"
import { type CommandDeps, handle } from "./Commands.ts"
import { Connection } from "./Connection.ts"
import type { ConnectorConfig } from "./ConnectorConfig.ts"
import {
  commands,
  connections as connectionsGauge,
  messagesIn,
  pendingCommands
} from "./ConnectorMetrics.ts"
import { makeSessionId } from "./domain/Session.ts"
import { leave } from "./Subscribe.ts"

export class Connector extends Context.Service<
  Connector,
  {
    readonly open: (transport: Transport, format: WireFormat, exempt: boolean) => ConnectionHandlers
    readonly connections: () => ReadonlySet<Connection>
  }
>()("weir/connector/Connector") {}

/** This many unparsable frames within the window end the connection. */
const unparsableLimit = 3
const unparsableWindowMs = 10_000

/** A client that is refused this often in a row does not listen. */
const refusedInARowLimit = 100

const decode = (
  connection: Connection,
  data: Buffer,
  isBinary: boolean
): ReadonlyArray<Decoded> => {
  const malformed = (message: string, code: "bad_request" | "payload_too_large"): Decoded => ({
    _tag: "Malformed",
    id: 0,
    failure: failure(code, message),
    unparsable: true
  })
  const { format, limits } = connection
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

export const make = Effect.fnUntraced(function* (config: ConnectorConfig, deps: CommandDeps) {
  const connections = new Set<Connection>()
  const run = yield* FiberSet.makeRuntime<never, void, never>()

  const countUnparsable = (connection: Connection, now: number): boolean => {
    const recent = connection.unparsable
    recent.push(now)
    while (now - recent[0]! > unparsableWindowMs) recent.shift()
    return recent.length >= unparsableLimit
  }

  const onMalformed = (
    connection: Connection,
    { id, failure: refused, unparsable }: Decoded & { readonly _tag: "Malformed" },
    now: number
  ) => {
    commands("malformed").add()
    if (!connection.connecting) return connection.close("bad_request", refused.message)
    connection.refuse(id, refused)
    if (unparsable && countUnparsable(connection, now)) {
      connection.close("bad_request", refused.message)
    }
  }

  /** True when the client may go on now. */
  const withinRate = (connection: Connection, id: number, now: number): boolean => {
    const waitMs = connection.commands?.take(now) ?? 0
    if (waitMs === 0) {
      connection.refusedInARow = 0
      return true
    }
    const { perSecond } = connection.limits.commands
    connection.refuse(id, failure("too_many_requests", `commands: ${perSecond} a second`, waitMs))
    if (++connection.refusedInARow >= refusedInARowLimit) connection.close("too_many_requests")
    return false
  }

  const onFrame = (
    connection: Connection,
    { id, payload }: Decoded & { readonly _tag: "Frame" },
    now: number
  ) => {
    commands(payload.$case).add()
    if (payload.$case === "pong") return
    if (connection.identity === undefined) {
      if (payload.$case !== "connect" || connection.connecting) {
        const why = connection.connecting ? "nothing before `connected`" : "connect first"
        return connection.close("bad_request", why)
      }
      connection.connecting = true
    } else if (payload.$case === "connect") {
      return connection.refuse(id, failure("bad_request", "type: already connected"))
    }
    if (!withinRate(connection, id, now)) return
    if (id !== 0 && connection.pendingIds.has(id)) {
      return connection.refuse(id, failure("duplicate_id", `id: ${id} is still unanswered`))
    }
    const { pendingCommands: limit } = connection.limits
    if (connection.pendingIds.size >= limit) {
      return connection.refuse(
        id,
        failure("too_many_requests", `${limit} requests unanswered`, 100)
      )
    }
    connection.pendingIds.add(id)
    pendingCommands.add(1)
    run(
      handle(deps, connection, id, payload).pipe(
        Effect.tapCause((cause) =>
          Effect.logError("a command died", { type: payload.$case }, cause)
        ),
        Effect.catchCause(() =>
          Effect.sync(() => connection.refuse(id, failure("internal", "internal error")))
        ),
        Effect.ensuring(
          Effect.sync(() => {
            connection.pendingIds.delete(id)
            pendingCommands.add(-1)
          })
        )
      )
    )
  }

  const onMessage = (connection: Connection, data: Buffer, isBinary: boolean) => {
    if (connection.closed) return
    const now = Date.now()
    connection.lastReceivedAt = now
    messagesIn.add()
    for (const decoded of decode(connection, data, isBinary)) {
      if (connection.closed) return
      if (decoded._tag === "Frame") onFrame(connection, decoded, now)
      else onMalformed(connection, decoded, now)
    }
  }

  const open = (transport: Transport, format: WireFormat, exempt: boolean): ConnectionHandlers => {
    const connection = new Connection({
      transport,
      format,
      session: makeSessionId(config.node),
      limits: config.limits,
      exempt,
      nowMillis: Date.now(),
      onDrained: deps.replayer.start
    })
    connections.add(connection)
    connectionsGauge.add(1)
    return {
      onMessage: (data, isBinary) => onMessage(connection, data, isBinary),
      onDrain: () => connection.drained(),
      onClose: (code) => {
        connection.gone(code)
        for (const subscription of [...connection.subscriptions.values()]) {
          leave(deps, subscription)
        }
        if (connections.delete(connection)) connectionsGauge.add(-1)
      }
    }
  }

  /** Tells every client why, and gives the words the time to leave. */
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      for (const connection of connections) connection.close("shutdown")
      yield* Effect.sleep("20 millis").pipe(
        Effect.repeat({ while: () => connections.size > 0 }),
        Effect.timeoutOption("2500 millis")
      )
    })
  )

  return Connector.of({ open, connections: () => connections })
})
