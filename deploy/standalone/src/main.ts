/**
 * `npm start`: Weir on a laptop, with the development identity, on loopback.
 */
import { ensureBuilt } from "@weir/console/build"
import { runProcess } from "@weir/process/RunProcess"
import { Effect, Layer } from "effect"
import { layer } from "./layer.ts"

runProcess({
  role: "standalone",
  node: "standalone",
  development: true,
  drains: true,
  services: (settings) =>
    Layer.unwrap(Effect.map(Effect.promise(ensureBuilt), (page) => layer(settings, page))),
  welcome: (settings, { http, grpc, ops }) => `
Weir is running: all services in this process, logs in memory.

  Open this in two tabs   http://${http}/
  Clients connect to      ws://${http}/v1/ws
  Services publish to     ${grpc} (gRPC, key: dev-key)
  Metrics and probes      http://${ops}/metrics  /livez  /readyz

  A token for Ann         curl -d '{"user":"ann"}' http://${http}/dev/token
  Namespaces              ${[...settings.namespaces.keys()].join("  ")}

Ctrl-C ends it.
`
})
