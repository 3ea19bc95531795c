/**
 * ClusterLayer: which view a process has, as its settings say.
 *
 * Nodes that are listed in the configuration are the view, and it never changes;
 * otherwise Redis keeps it.
 */
import { ConfigMistakes } from "@weir/config/LoadSettings"
import type { Settings } from "@weir/config/Settings"
import * as RedisConnection from "@weir/redis/RedisConnection"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import { Effect, Layer, Result } from "effect"
import type { Cluster } from "./Cluster.ts"
import { layerStatic } from "./LocalCluster.ts"
import * as RedisCluster from "./RedisCluster.ts"
import * as WatchedCluster from "./WatchedCluster.ts"

/**
 * `watching`: connectors, which may be many, and learn the view from routers.
 * `judging`: all others, which read it from Redis; routers among them judge who is gone.
 */
export const layerFor = (
  { node, nodes, redisUrl }: Pick<Settings, "node" | "nodes" | "redisUrl">,
  kind: "watching" | "judging"
): Layer.Layer<Cluster, ConfigMistakes> => {
  if (nodes.length > 0) return layerStatic(nodes)
  const target = parseRedisUrl(redisUrl)
  if (Result.isFailure(target)) {
    const mistakes = [`WEIR_REDIS_URL: ${target.failure}`]
    return Layer.unwrap(Effect.fail(new ConfigMistakes({ mistakes })))
  }
  const { layer } = kind === "watching" ? WatchedCluster : RedisCluster
  // A connection of its own: a heartbeat that waits behind appends would be late.
  const redis = RedisConnection.layer(target.success, { name: `weir-view-${node}` })
  return Layer.provide(layer, redis)
}
