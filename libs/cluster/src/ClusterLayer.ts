/**
 * ClusterLayer: which view a process has, as its settings say.
 *
 * Nodes that are listed in the configuration are the view, and it never changes;
 * otherwise Redis keeps it.
 */
import type { ConfigMistakes } from "@weir/config/LoadSettings"
import type { Settings } from "@weir/config/Settings"
import { Layer } from "effect"
import type { Cluster } from "./Cluster.ts"
import { layerStatic } from "./LocalCluster.ts"
import * as RedisCluster from "./RedisCluster.ts"
import * as RedisLayer from "./RedisLayer.ts"
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
  const { layer } = kind === "watching" ? WatchedCluster : RedisCluster
  // A connection of its own: a heartbeat that waits behind appends would be late.
  return Layer.provide(layer, RedisLayer.layerOf(redisUrl, { name: `weir-view-${node}` }))
}
