/**
 * HttpRoutes: plain HTTP on the edge: a page at `/`, the publish API, and the development
 * token.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { AuthNode } from "@weir/mesh/AuthNode"
import { Effect, Layer, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse, HttpStaticServer } from "effect/http"
import type { ConnectorConfig } from "../ConnectorConfig.ts"
import * as ServiceApiRoutes from "./ServiceApiRoutes.ts"

const DevelopmentUser = Schema.Struct({
  user: Schema.String.check(Schema.isPattern(/^[^\p{Cc}]{1,64}$/u)),
  subscriptions: Schema.optionalKey(Schema.Array(Schema.String))
})

const developmentToken = HttpRouter.add(
  "POST",
  "/dev/token",
  Effect.gen(function* () {
    const auth = yield* AuthNode
    const { subscriptions = [], user } = yield* HttpServerRequest.schemaBodyJson(DevelopmentUser)
    const token = yield* auth.issueDevelopmentToken(user, subscriptions)
    return yield* HttpServerResponse.json({ token })
  }).pipe(
    Effect.catchTag("Failure", ({ code, message }) =>
      HttpServerResponse.json({ code, message }, { status: code === "bad_request" ? 400 : 503 })
    ),
    Effect.catch(() =>
      HttpServerResponse.json(
        { code: "bad_request", message: 'user: send {"user":"ann"}, 1 to 64 characters' },
        { status: 400 }
      )
    )
  )
)

/** A page is ours alone: nothing from elsewhere runs in it or is sent from it. */
const policy =
  "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; frame-ancestors 'none'"

/** The API's page is one file, with its program and its styles inside. */
const policyOfDocs = `${policy}; script-src 'unsafe-inline'; style-src 'unsafe-inline'`

const headersFor = (url: string) => ({
  "content-security-policy": url.startsWith(ServiceApiRoutes.docsPath) ? policyOfDocs : policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer"
})

/** `sessions`: answers a request if it is one of a session's; false: it is not. */
export const serve = Effect.fnUntraced(function* (
  server: Server,
  config: ConnectorConfig,
  sessions: (request: IncomingMessage, response: ServerResponse) => boolean
) {
  const { development, httpApi, pageDirectory } = config
  const routes = Layer.mergeAll(
    development ? developmentToken : Layer.empty,
    httpApi ? ServiceApiRoutes.layer(config) : Layer.empty,
    pageDirectory === undefined
      ? Layer.empty
      : Layer.orDie(HttpStaticServer.layer({ root: pageDirectory }))
  ).pipe(Layer.provide(NodeHttpServer.layerHttpServices))
  const app = yield* HttpRouter.toHttpEffect(routes)
  const handler = yield* NodeHttpServer.makeHandler(
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
      Effect.map(app, HttpServerResponse.setHeaders(headersFor(url)))
    ),
    { scope: yield* Effect.scope }
  )
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    if (!sessions(request, response)) handler(request, response)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => server.on("request", onRequest)),
    () => Effect.sync(() => server.off("request", onRequest))
  )
})
