/**
 * The auth service put together: its verbs, its loops and its door to the mesh.
 */
import { Cluster } from "@weir/cluster/Cluster"
import * as RedisLayer from "@weir/cluster/RedisLayer"
import type { ConfigMistakes } from "@weir/config/LoadSettings"
import { advertised, type Settings } from "@weir/config/Settings"
import { type ListenFailed, make as makeGrpcServer } from "@weir/grpc/GrpcServer"
import { Doors } from "@weir/telemetry/Doors"
import { Readiness } from "@weir/telemetry/Readiness"
import { Effect, Layer } from "effect"
import { AuditTrail } from "./AuditTrail.ts"
import { Auth } from "./Auth.ts"
import { layerRedis as layerRedisAudit } from "./adapters/RedisAuditStore.ts"
import { layerRedis as layerRedisRestrictions } from "./adapters/RedisRestrictionStore.ts"
import * as RestrictionWatch from "./loops/RestrictionWatch.ts"
import * as TicketKeyRotation from "./loops/TicketKeyRotation.ts"
import { type AuditStore, layerMemory as layerMemoryAudit } from "./ports/AuditStore.ts"
import { layerMemory as layerMemoryRestrictions } from "./ports/MemoryRestrictionStore.ts"
import type { RestrictionStore } from "./ports/RestrictionStore.ts"
import { RestrictionList } from "./RestrictionList.ts"
import { auditHandlers } from "./rpc/AuditHandlers.ts"
import { authHandlers } from "./rpc/AuthHandlers.ts"
import { restrictionHandlers } from "./rpc/RestrictionHandlers.ts"

const serve = Effect.fnUntraced(function* (settings: Settings) {
  const cluster = yield* Cluster
  const doors = yield* Doors
  const readiness = yield* Readiness
  yield* TicketKeyRotation.run
  yield* RestrictionWatch.run
  const { address } = yield* makeGrpcServer({
    host: settings.host,
    port: settings.meshPort,
    services: [yield* authHandlers, yield* restrictionHandlers, yield* auditHandlers]
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

const inMemory = Layer.merge(layerMemoryRestrictions, layerMemoryAudit)

const inRedis = ({
  node,
  redisUrl
}: Settings): Layer.Layer<RestrictionStore | AuditStore, ConfigMistakes> =>
  Layer.merge(layerRedisRestrictions, layerRedisAudit).pipe(
    Layer.provide(RedisLayer.layerOf(redisUrl, { name: `weir-auth-${node}` }))
  )

export const layer = (
  settings: Settings
): Layer.Layer<never, ListenFailed | ConfigMistakes, Cluster | Readiness | Doors> =>
  Layer.effectDiscard(serve(settings)).pipe(
    Layer.provide(Auth.layer(settings)),
    Layer.provide(Layer.merge(RestrictionList.layer, AuditTrail.layer)),
    Layer.provide(settings.redisUrl === "" ? inMemory : inRedis(settings))
  )
