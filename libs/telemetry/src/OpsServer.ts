/**
 * OpsServer: what operators and probes read: /metrics, /livez, /readyz.
 */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Context, Data, Effect, Layer } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { Readiness } from "./Readiness.ts"

/** host:port of the listener. */
export class OpsServer extends Context.Service<OpsServer, { readonly address: string }>()(
  "weir/telemetry/OpsServer"
) {}

/** The address is taken, or not ours. */
export class OpsUnavailable extends Data.TaggedError("OpsUnavailable")<{
  readonly message: string
}> {}

const live = HttpRouter.add("GET", "/livez", HttpServerResponse.text("ok\n"))

const ready = HttpRouter.add(
  "GET",
  "/readyz",
  Effect.map(Readiness, ({ missing }) => {
    const parts = missing()
    return parts.length === 0
      ? HttpServerResponse.text("ready\n")
      : HttpServerResponse.text(`not ready: ${parts.join(", ")}\n`, { status: 503 })
  })
)

export const layer = (options: { readonly host: string; readonly port: number }) => {
  const server = NodeHttpServer.layer(createServer, {
    ...options,
    disablePreemptiveShutdown: true
  }).pipe(
    // Its own error has no message: who reads it would not know which port is taken.
    Layer.catchTag("ServeError", ({ cause }) =>
      Layer.effectContext(
        Effect.fail(new OpsUnavailable({ message: `operations: ${(cause as Error).message}` }))
      )
    )
  )
  const routes = Layer.mergeAll(live, ready, PrometheusMetrics.layerHttp({ path: "/metrics" }))
  const bound = Layer.effect(
    OpsServer,
    Effect.map(HttpServer.HttpServer, ({ address }) =>
      OpsServer.of({
        address:
          address._tag === "UnixPathAddress" ? address.path : `${options.host}:${address.port}`
      })
    )
  )
  return Layer.merge(
    HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }),
    bound
  ).pipe(Layer.provide(server))
}
