/**
 * How the router's parts fit: the only file that knows all of them.
 */
import { Cluster } from "@weir/cluster/Cluster"
import type { Settings } from "@weir/config/Settings"
import { nextTerm, nonceCount } from "@weir/core/Term"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import * as Presence from "@weir/mesh/PresenceNodes"
import * as Mesh from "@weir/mesh/Routers"
import { Doors } from "@weir/telemetry/Doors"
import { Readiness } from "@weir/telemetry/Readiness"
import { Clock, Effect, Layer } from "effect"
import * as IdleSweep from "./loops/IdleSweep.ts"
import { layerMemory } from "./ports/MemoryLogStore.ts"
import { layer as routerLayer } from "./Router.ts"
import * as Config from "./RouterConfig.ts"
import * as ApiHandlers from "./rpc/ApiHandlers.ts"
import * as MeshHandlers from "./rpc/MeshHandlers.ts"

const routers = Layer.effect(
  Mesh.Routers,
  Effect.flatMap(Cluster, ({ ownerOf, view }) =>
    Mesh.make({
      ownerOf: (channel) => ownerOf("router", channel)?.mesh,
      viewVersion: () => view().version
    })
  )
)

const presenceNodes = Layer.effect(
  Presence.PresenceNodes,
  Effect.flatMap(Cluster, ({ ownerOf }) =>
    Presence.make((channel) => ownerOf("presence", channel)?.mesh)
  )
)

const doors = (config: Config.RouterConfig, incarnation: number) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { opened } = yield* Doors
      const readiness = yield* Readiness
      const cluster = yield* Cluster
      const api = yield* GrpcServer.make({
        host: config.host,
        port: config.grpcPort,
        services: yield* ApiHandlers.make({ ...config, keys: config.apiKeys }),
        reflect: true
      })
      const mesh = yield* GrpcServer.make({
        host: config.host,
        port: config.meshPort,
        services: [yield* MeshHandlers.make],
        maxMessageBytes: 32 * 1024 * 1024
      })
      yield* Effect.forkScoped(IdleSweep.run)
      yield* opened("grpc", api.address)
      yield* opened("mesh", mesh.address)
      yield* cluster.announce({
        name: config.node,
        role: "router",
        incarnation,
        mesh: mesh.address
      })
      yield* readiness.set("router", true)
      yield* Effect.addFinalizer(() => readiness.set("router", false))
    })
  )

export const layer = (settings: Settings) => {
  const config = Config.fromSettings(settings)
  return Layer.unwrap(
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const term = nextTerm(now, 0, Math.floor(Math.random() * nonceCount))
      const router = routerLayer({ node: config.node, term, namespaces: config.namespaces }).pipe(
        Layer.provide(layerMemory(term))
      )
      return doors(config, now).pipe(
        Layer.provide(router),
        Layer.provide(Layer.merge(routers, presenceNodes))
      )
    })
  )
}
