/**
 * The auth service put together: its verbs, its loop and its door to the mesh.
 */
import { Cluster } from "@weir/cluster/Cluster"
import { advertised, type Settings } from "@weir/config/Settings"
import { type ListenFailed, make as makeGrpcServer } from "@weir/grpc/GrpcServer"
import { Doors } from "@weir/telemetry/Doors"
import { Readiness } from "@weir/telemetry/Readiness"
import { Effect, Layer } from "effect"
import { Auth } from "./Auth.ts"
import * as TicketKeyRotation from "./loops/TicketKeyRotation.ts"
import { authHandlers } from "./rpc/AuthHandlers.ts"

const serve = Effect.fnUntraced(function* (settings: Settings) {
  const cluster = yield* Cluster
  const doors = yield* Doors
  const readiness = yield* Readiness
  yield* TicketKeyRotation.run
  const { address } = yield* makeGrpcServer({
    host: settings.host,
    port: settings.meshPort,
    services: [yield* authHandlers]
  })
  yield* doors.opened("mesh", address)
  yield* cluster.announce({
    name: settings.node,
    role: "auth",
    mesh: advertised(settings, address)
  })
  // Last to come and so first to go: no new work while the rest is closing.
  yield* Effect.acquireRelease(readiness.set("auth", true), () => readiness.set("auth", false))
})

export const layer = (
  settings: Settings
): Layer.Layer<never, ListenFailed, Cluster | Readiness | Doors> =>
  Layer.effectDiscard(serve(settings)).pipe(Layer.provide(Auth.layer(settings)))
