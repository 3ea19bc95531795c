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
import { type RawData, WebSocketServer as Server_, WebSocket } from "ws"
import {
  badRequest,
  check,
  type Refusal,
  refuse,
  settleExtensions,
  type Upgrade,
  upgradeOf
} from "./Handshake.ts"

/** `Terms`: what was found out about the client, for `onOpen`. */
export type UpgradeVerdict<Terms> =
  | { readonly accept: true; readonly protocol: string | undefined; readonly terms: Terms }
  | ({ readonly accept: false } & Refusal)

/** How a client is written to. */
export interface Transport {
  /** Writes a whole frame. False: the socket is full, and `onDrain` will tell when it is not. */
  readonly write: (frame: Uint8Array) => boolean
  /** Says goodbye, and cuts the connection if the client does not answer. */
  readonly close: (code: number, reason: string) => void
  /** Shows that this end lives, where that asks for no answer. */
  readonly beat?: () => void
}

/** `Client`: what `onOpen` makes of a transport. It comes with everything that follows. */
export interface WebSocketServerOptions<Client, Terms> {
  readonly path: string
  /** Larger messages end the connection with 1009, before they are read. */
  readonly maxMessageBytes: number
  /** Takes permessage-deflate where it is offered. */
  readonly compression: boolean
  readonly decide: (upgrade: Upgrade) => UpgradeVerdict<Terms>
  /** `deflate`: it may be written compressed messages. */
  readonly onOpen: (transport: Transport, terms: Terms, deflate: boolean) => Client
  readonly onMessage: (client: Client, data: Buffer, isBinary: boolean) => void
  /** A ping or a pong of the WebSocket's own; a ping has been answered. */
  readonly onControl: (client: Client) => void
  readonly onDrain: (client: Client) => void
  /** Once, whoever ended it. */
  readonly onClose: (client: Client, code: number) => void
}

/** A client that does not answer a close within this is cut off. */
const closeTimeoutMs = 2_000

/**
 * Without context takeover, both ways: a compressed frame is the same for all, and nobody has to
 * be remembered. What comes is inflated in the thread pool, at most so many messages at a time;
 * of each connection the next one waits, and with it its socket.
 */
const deflateOptions = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  concurrencyLimit: 10
}

/**
 * A WebSocket that is its own transport and holds its client. With an object and closures of
 * its own for each of these, a connection weighed 1 KB more.
 */
class ClientSocket<Client> extends WebSocket implements Transport {
  client: Client | undefined
  socket: Socket | undefined
  onDrain: ((client: Client) => void) | undefined
  /** Private to `ws`, and so not in its types: read where nothing public says it. */
  declare readonly _extensions: { readonly "permessage-deflate"?: { cleanup: () => void } }

  /**
   * `ws` keeps what it inflates with as long as the connection lives, 50 KB of memory, and without
   * context takeover nothing in it is of use to the next message. A new one takes 65 us.
   */
  forgetInflate(): void {
    this._extensions["permessage-deflate"]?.cleanup()
  }

  write(frame: Uint8Array): boolean {
    // The client may have said goodbye while the socket was full: nothing goes behind the
    // close that answers it (RFC 6455 §5.5.1), and nothing is asked for any more.
    if (this.readyState !== WebSocket.OPEN) return false
    if (this.socket!.write(frame)) return true
    // Listened for only while it is full: most sockets never are.
    this.socket!.once("drain", () => this.onDrain!(this.client!))
    return false
  }
}

/** The listeners that all WebSockets share. */
const listenersFor = <Client>({
  onClose,
  onControl,
  onMessage
}: Pick<WebSocketServerOptions<Client, never>, "onClose" | "onControl" | "onMessage">) => {
  const clientOf = (webSocket: WebSocket): Client => (webSocket as ClientSocket<Client>).client!
  return {
    message(this: WebSocket, data: RawData, isBinary: boolean) {
      ;(this as ClientSocket<Client>).forgetInflate()
      onMessage(clientOf(this), data as Buffer, isBinary)
    },
    control(this: WebSocket) {
      onControl(clientOf(this))
    },
    close(this: WebSocket, code: number) {
      onClose(clientOf(this), code)
    },
    // What it says is seen in the close that follows.
    error() {}
  }
}

export const serve = <Client, Terms>(
  server: Server,
  options: WebSocketServerOptions<Client, Terms>
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const listeners = listenersFor(options)
    /** For the request in hand: `ws` asks for it before `handleUpgrade` returns. */
    let chosen: string | undefined
    const webSockets = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new Server_({
            noServer: true,
            clientTracking: false,
            perMessageDeflate: options.compression && deflateOptions,
            maxPayload: options.maxMessageBytes,
            handleProtocols: () => chosen ?? false,
            WebSocket: ClientSocket<Client>,
            // ws's own bounds are made for anything; ours for small messages.
            maxFragments: 64,
            maxBufferedChunks: 1_024,
            // Known to ws, not yet to its types. Pings may wait for their answers to leave: with
            // more than that, a client is cut off.
            ...{ closeTimeout: closeTimeoutMs, maxPendingAutoPongs: 60 }
          })
      ),
      (it) => Effect.sync(() => it.close())
    )
    const open = (webSocket: ClientSocket<Client>, socket: Socket, terms: Terms) => {
      webSocket.socket = socket
      webSocket.onDrain = options.onDrain
      webSocket.client = options.onOpen(webSocket, terms, webSocket.extensions !== "")
      webSocket.on("message", listeners.message)
      webSocket.on("ping", listeners.control)
      webSocket.on("pong", listeners.control)
      webSocket.on("close", listeners.close)
      webSocket.on("error", listeners.error)
    }
    /** What `ws` refuses by itself is answered as everything else is. */
    webSockets.on("wsClientError", ({ message }, socket) => refuse(socket, badRequest(message)))
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const upgrade = upgradeOf(request)
      if (upgrade.path !== options.path) {
        return refuse(socket, badRequest(`path: WebSockets are at ${options.path}`, 404))
      }
      const fault = check(request)
      if (fault !== undefined) return refuse(socket, fault)
      const verdict = options.decide(upgrade)
      if (!verdict.accept) return refuse(socket, verdict)
      chosen = verdict.protocol
      settleExtensions(request)
      webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        open(webSocket, socket as Socket, verdict.terms)
      )
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => server.on("upgrade", onUpgrade)),
      () => Effect.sync(() => server.off("upgrade", onUpgrade))
    )
  })
