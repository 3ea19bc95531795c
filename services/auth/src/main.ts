/**
 * The auth service as a process of its own.
 */
import { layerStatic } from "@weir/cluster/Cluster"
import { runProcess } from "@weir/process/RunProcess"
import { Layer } from "effect"
import { layer } from "./layer.ts"

runProcess({
  role: "auth",
  node: "auth-1",
  services: (settings) => {
    const nodes = settings.nodes.map((node) => ({ ...node, incarnation: 0 }))
    return layer(settings).pipe(Layer.provide(layerStatic(nodes)))
  }
})
