/**
 * WebSocketTransport: the door at /v1/ws.
 *
 * Decides on the handshake alone: where the page is from, how often the address
 * has come, which encoding it wants. Who the client is, its first frame says.
 */
import type { Server } from "node:http"
import { Failure, failure } from "@weir/core/Failure"
import type { Upgrade } from "@weir/socket/Handshake"
import * as WebSocketServer from "@weir/socket/WebSocketServer"
import type { WireFormat } from "@weir/wire/ServerFrames"
import { Effect } from "effect"
import { Connector } from "../Connector.ts"
import { type ConnectorConfig, maxMessageBytes } from "../ConnectorConfig.ts"
import { framingOf } from "../Framing.ts"
import type { Doorkeeper } from "./Admit.ts"
import { retryAfterOf, statusOf } from "./HttpStatus.ts"

export const path = "/v1/ws"

const formats: Readonly<Record<string, WireFormat>> = {
  "weir.v1.json": "json",
  "weir.v1.proto": "proto"
}

/** The first that we know, of those offered. None offered means JSON. */
const chooseProtocol = (offered: ReadonlyArray<string>): string | undefined | Failure => {
  if (offered.length === 0) return undefined
  return (
    offered.find((protocol) => Object.hasOwn(formats, protocol)) ??
    failure(
      "bad_request",
      `Sec-WebSocket-Protocol: must be one of ${Object.keys(formats).join(", ")}`
    )
  )
}

export const serve = Effect.fnUntraced(function* (
  server: Server,
  { compression, limits }: ConnectorConfig,
  doorkeeper: Doorkeeper
) {
  const connector = yield* Connector

  const refuse = (refused: Failure) => {
    const { code, message, retryAfterMs } = doorkeeper.refused(refused)
    return {
      accept: false,
      status: statusOf(refused),
      body: { code, message, retryAfterMs },
      headers: { "Retry-After": retryAfterOf(refused) }
    } as const
  }

  const decide = ({ address, forwarded, origin, protocols }: Upgrade) => {
    const badOrigin = doorkeeper.checkOrigin(origin)
    if (badOrigin !== undefined) return refuse(badOrigin)
    const protocol = chooseProtocol(protocols)
    if (typeof protocol === "object") return refuse(protocol)
    const admitted = doorkeeper.admit(address, forwarded)
    if (admitted instanceof Failure) return refuse(admitted)
    const format: WireFormat = protocol === undefined ? "json" : formats[protocol]!
    return { accept: true, protocol, terms: { format, admitted } } as const
  }

  yield* WebSocketServer.serve(server, {
    path,
    maxMessageBytes: maxMessageBytes(limits),
    compression,
    decide,
    onOpen: (transport, { admitted, format }, deflate) =>
      connector.open(transport, framingOf(format, false, "websocket", deflate), admitted),
    onMessage: connector.received,
    onControl: connector.controlled,
    onDrain: ({ connection }) => connection.drained(),
    onClose: connector.closed
  })
})
