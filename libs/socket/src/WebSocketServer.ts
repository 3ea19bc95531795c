/**
 * WebSocketServer: WebSockets on an HTTP listener.
 *
 * `ws` makes the handshake, parses what comes in and closes. What goes out is
 * written to the TCP socket by us, as ready frames: one buffer shared by all
 * subscribers, and `write()` tells at once whether the client keeps up.
 */
import type { IncomingMessage, Server } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { Effect, type Scope } from "effect"
import { WebSocketServer as Server_, type WebSocket } from "ws"

export interface Upgrade {
  readonly path: string
  readonly origin: string | undefined
  /** The peer's IP address. */
  readonly address: string
  /** As the client prefers them; empty when it offers none. */
  readonly protocols: ReadonlyArray<string>
}

export type UpgradeVerdict =
  | { readonly accept: true; readonly protocol: string | undefined }
  | {
      readonly accept: false
      readonly status: number
      readonly body: object
      readonly retryAfterSeconds?: number
    }

/** One open WebSocket. */
export interface Transport {
  readonly protocol: string | undefined
  readonly address: string
  /** Writes a whole frame. False: the socket is full, and `onDrain` will tell when it is not. */
  readonly write: (frame: Uint8Array) => boolean
  /** Says goodbye, and cuts the connection if the client does not answer. */
  readonly close: (code: number, reason: string) => void
}

export interface TransportHandlers {
  readonly onMessage: (data: Buffer, isBinary: boolean) => void
  readonly onDrain: () => void
  /** Once, whoever ended it. */
  readonly onClose: (code: number) => void
}

export interface WebSocketServerOptions {
  readonly path: string
  /** Larger messages end the connection with 1009, before they are read. */
  readonly maxMessageBytes: number
  readonly decide: (upgrade: Upgrade) => UpgradeVerdict
  readonly onOpen: (transport: Transport) => TransportHandlers
}

/** How long a refusal may take to leave. */
const refusalTimeoutMs = 1_000

/** A client that does not answer a close within this is cut off. */
const closeTimeoutMs = 2_000

const refuse = (
  socket: Duplex,
  { status, body, retryAfterSeconds }: UpgradeVerdict & { readonly accept: false }
) => {
  const json = JSON.stringify(body)
  const retryAfter = retryAfterSeconds === undefined ? "" : `Retry-After: ${retryAfterSeconds}\r\n`
  // After an upgrade nobody else closes the socket: a client that neither reads nor goes
  // would hold it for ever.
  const cut = setTimeout(() => socket.destroy(), refusalTimeoutMs)
  socket.once("close", () => clearTimeout(cut))
  socket.once("finish", () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nConnection: close\r\n${retryAfter}` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`
  )
}

const upgradeOf = (request: IncomingMessage): Upgrade => ({
  path: (request.url ?? "/").split("?", 1)[0]!,
  origin: request.headers.origin,
  address: request.socket.remoteAddress ?? "",
  protocols: (request.headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== "")
})

const open = (
  options: WebSocketServerOptions,
  webSocket: WebSocket,
  socket: Socket,
  upgrade: Upgrade
) => {
  const handlers = options.onOpen({
    protocol: webSocket.protocol === "" ? undefined : webSocket.protocol,
    address: upgrade.address,
    write: (frame) => socket.write(frame),
    close: (code, reason) => {
      webSocket.close(code, reason)
    }
  })
  socket.on("drain", handlers.onDrain)
  webSocket.on("message", (data, isBinary) => handlers.onMessage(data as Buffer, isBinary))
  // What it says is seen in the close that follows.
  webSocket.on("error", () => {})
  webSocket.on("close", (code) => {
    socket.off("drain", handlers.onDrain)
    handlers.onClose(code)
  })
}

export const serve = (
  server: Server,
  options: WebSocketServerOptions
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const chosen = new WeakMap<IncomingMessage, string>()
    const webSockets = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new Server_({
            noServer: true,
            clientTracking: false,
            perMessageDeflate: false,
            maxPayload: options.maxMessageBytes,
            handleProtocols: (_, request) => chosen.get(request) ?? false,
            // ws's own bounds are made for anything; ours for small messages.
            maxFragments: 64,
            maxBufferedChunks: 1_024,
            // Known to ws, not yet to its types.
            ...{ closeTimeout: closeTimeoutMs }
          })
      ),
      (it) => Effect.sync(() => it.close())
    )
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => socket.destroy())
      const upgrade = upgradeOf(request)
      const verdict: UpgradeVerdict =
        upgrade.path === options.path
          ? options.decide(upgrade)
          : {
              accept: false,
              status: 404,
              body: { code: "bad_request", message: `path: WebSockets are at ${options.path}` }
            }
      if (!verdict.accept) return refuse(socket, verdict)
      if (verdict.protocol !== undefined) chosen.set(request, verdict.protocol)
      webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        open(options, webSocket, socket as Socket, upgrade)
      )
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => server.on("upgrade", onUpgrade)),
      () => Effect.sync(() => server.off("upgrade", onUpgrade))
    )
  })
