/**
 * layer: presence as it runs: its state, its door, and its place in the view.
 */
import { Cluster } from "@weir/cluster/Cluster"
import { advertised, type Settings } from "@weir/config/Settings"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import { Doors } from "@weir/telemetry/Doors"
import { Readiness } from "@weir/telemetry/Readiness"
import { Effect, Layer } from "effect"
import { layer as presenceLayer } from "./Presence.ts"
import { rosterHandlers } from "./rpc/RosterHandlers.ts"

const serve = Effect.fnUntraced(function* (settings: Settings) {
  const cluster = yield* Cluster
  const doors = yield* Doors
  const readiness = yield* Readiness
  const { address } = yield* GrpcServer.make({
    host: settings.host,
    port: settings.meshPort,
    services: [rosterHandlers]
  })
  yield* cluster.announce({
    name: settings.node,
    role: "presence",
    mesh: advertised(settings, address)
  })
  yield* doors.opened("mesh", address)
  // Made last, so that it is taken back first, while the door still answers.
  yield* Effect.acquireRelease(readiness.set("presence", true), () =>
    readiness.set("presence", false)
  )
})

export const layer = (
  settings: Settings
): Layer.Layer<never, GrpcServer.ListenFailed, Cluster | Readiness | Doors> =>
  Layer.effectDiscard(serve(settings)).pipe(Layer.provide(presenceLayer))
