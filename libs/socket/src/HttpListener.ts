/**
 * HttpListener: one HTTP/1.1 listener, for as long as a scope is open.
 *
 * The limits keep a slow or endless request from holding a socket (slowloris):
 * a WebSocket leaves them behind with its upgrade.
 */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Data, Effect, type Scope } from "effect"

/** The address is taken, or not ours. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly address: string
  readonly message: string
}> {}

export interface HttpListener {
  readonly server: Server
  readonly address: string
}

export const make = Effect.fnUntraced(function* (options: {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** More sockets than this are closed as soon as they are open. */
  readonly maxConnections: number
}): Effect.fn.Return<HttpListener, ListenFailed, Scope.Scope> {
  const { host, port } = options
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      createServer({
        headersTimeout: 10_000,
        requestTimeout: 15_000,
        connectionsCheckingInterval: 5_000,
        // Above the 60 s of common load balancers, so that they close idle connections first.
        keepAliveTimeout: 65_000,
        maxHeaderSize: 8_192,
        // Some clients offer h2c with every request, as curl --http2 does. That is a request
        // like any other.
        shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket"
      })
    ),
    // Not waited for: it would wait for the WebSockets, which others end after this.
    (it) =>
      Effect.sync(() => {
        it.close()
        it.closeAllConnections()
      })
  )
  server.maxHeadersCount = 64
  server.maxConnections = options.maxConnections
  const bound = yield* Effect.callback<AddressInfo, ListenFailed>((resume) => {
    server.once("error", ({ message }) =>
      resume(Effect.fail(new ListenFailed({ address: `${host}:${port}`, message })))
    )
    server.listen({ host, port, backlog: 4_096 }, () =>
      resume(Effect.succeed(server.address() as AddressInfo))
    )
  })
  return { server, address: `${host}:${bound.port}` }
})
