/**
 * All services in one process, each a node of its own, over loopback gRPC.
 */
import { layer as auth } from "@weir/auth/layer"
import { layerMemory } from "@weir/cluster/LocalCluster"
import type { Settings } from "@weir/config/Settings"
import { layer as connector } from "@weir/connector/layer"
import { layer as presence } from "@weir/presence/layer"
import { layer as router } from "@weir/router/layer"
import { Layer } from "effect"

/** `pageDirectory`: the built console. */
export const layer = (settings: Settings, pageDirectory: string) => {
  const node = (name: string): Settings => ({ ...settings, node: name, meshPort: 0 })
  const inner = Layer.mergeAll(
    auth(node("auth-1")),
    presence(node("presence-1")),
    router(node("router-1"))
  )
  // The connector comes last and goes first: clients meet a mesh that is up.
  return connector(node("connector-1"), pageDirectory).pipe(
    Layer.provideMerge(inner),
    Layer.provide(layerMemory)
  )
}
