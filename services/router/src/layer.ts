/**
 * How the router's parts fit: the only file that knows all of them.
 */
import { Cluster } from "@weir/cluster/Cluster"
import * as RedisLayer from "@weir/cluster/RedisLayer"
import { nodesOf } from "@weir/cluster/View"
import * as ViewHandlers from "@weir/cluster/ViewHandlers"
import type { ConfigMistakes } from "@weir/config/LoadSettings"
import { advertised, type Settings } from "@weir/config/Settings"
import { probeNamespace } from "@weir/core/Namespace"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import * as Presence from "@weir/mesh/PresenceNodes"
import { make as makeRestrictionNode, RestrictionNode } from "@weir/mesh/RestrictionNode"
import * as Mesh from "@weir/mesh/Routers"
import { Redis } from "@weir/redis/Redis"
import { Doors } from "@weir/telemetry/Doors"
import { Readiness } from "@weir/telemetry/Readiness"
import { Effect, Layer, Stream } from "effect"
import { layerRedis as layerRedisLogs } from "./adapters/RedisLogStore.ts"
import { layerRedis as layerRedisRecords } from "./adapters/RedisShardRecords.ts"
import * as IdleSweep from "./loops/IdleSweep.ts"
import type { LogStore } from "./ports/LogStore.ts"
import { layerMemory as layerMemoryLogs } from "./ports/MemoryLogStore.ts"
import { layerMemory as layerMemoryRecords, type ShardRecords } from "./ports/ShardRecords.ts"
import { Router, layer as routerLayer } from "./Router.ts"
import * as Config from "./RouterConfig.ts"
import { redisObserver } from "./RouterMetrics.ts"
import * as AdminHandlers from "./rpc/AdminHandlers.ts"
import * as ApiHandlers from "./rpc/ApiHandlers.ts"
import * as MeshHandlers from "./rpc/MeshHandlers.ts"

const routers = Layer.effect(
  Mesh.Routers,
  Effect.flatMap(Cluster, ({ ownerOf, saw, view }) =>
    Mesh.make({
      ownerOf: (channel) => ownerOf("router", channel)?.mesh,
      viewVersion: () => view().version,
      saw
    })
  )
)

const presenceNodes = Layer.effect(
  Presence.PresenceNodes,
  Effect.flatMap(Cluster, ({ ownerOf }) =>
    Presence.make((channel) => ownerOf("presence", channel)?.mesh)
  )
)

const auth = Layer.effect(
  RestrictionNode,
  Effect.flatMap(Cluster, ({ view }) => makeRestrictionNode(() => nodesOf(view(), "auth")[0]?.mesh))
)

const doors = (settings: Settings, config: Config.RouterConfig) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { opened } = yield* Doors
      const readiness = yield* Readiness
      const cluster = yield* Cluster
      const router = yield* Router
      const api = yield* GrpcServer.make({
        host: config.host,
        port: config.grpcPort,
        services: [
          ...(yield* ApiHandlers.make({ ...config, keys: config.apiKeys })),
          yield* AdminHandlers.make(config.apiKeys)
        ],
        reflect: true
      })
      const mesh = yield* GrpcServer.make({
        host: config.host,
        port: config.meshPort,
        services: [yield* MeshHandlers.make, yield* ViewHandlers.make],
        maxMessageBytes: 32 * 1024 * 1024
      })
      yield* Effect.forkScoped(IdleSweep.run(router.forgetIdle))
      yield* opened("grpc", api.address)
      yield* opened("mesh", mesh.address)
      yield* cluster.announce({
        name: config.node,
        role: "router",
        mesh: advertised(settings, mesh.address)
      })
      // First to go: while others still find us, and our doors are open.
      yield* Effect.addFinalizer(() => Effect.andThen(cluster.drain, router.handOverAll))
      yield* readiness.set("router", true)
      yield* Effect.addFinalizer(() => readiness.set("router", false))
    })
  )

const inMemory = Layer.merge(layerMemoryLogs, layerMemoryRecords)

/** Logs and records, and somebody who looks at them again after Redis was away. */
const inRedis = ({
  node,
  redisUrl
}: Settings): Layer.Layer<LogStore | ShardRecords | Redis, ConfigMistakes> =>
  Layer.merge(layerRedisLogs, layerRedisRecords).pipe(
    Layer.provideMerge(
      RedisLayer.layerOf(redisUrl, { name: `weir-logs-${node}`, observer: redisObserver })
    )
  )

const checkLogs = Layer.effectDiscard(
  Effect.gen(function* () {
    const redis = yield* Redis
    const router = yield* Router
    yield* Effect.forkScoped(Stream.runForEach(redis.changed, () => router.checkLogs))
  })
)

export const layer = (settings: Settings) => {
  const config = Config.fromSettings(settings)
  const namespaces = new Map([...config.namespaces, [probeNamespace.name, probeNamespace]])
  const router = routerLayer({ node: config.node, namespaces })
  const peers = Layer.mergeAll(routers, presenceNodes, auth)
  return settings.redisUrl === ""
    ? doors(settings, config).pipe(
        Layer.provide(router),
        Layer.provide(inMemory),
        Layer.provide(peers)
      )
    : Layer.merge(doors(settings, config), checkLogs).pipe(
        Layer.provide(router),
        Layer.provide(inRedis(settings)),
        Layer.provide(peers)
      )
}
