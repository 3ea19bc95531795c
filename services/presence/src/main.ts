/**
 * main: presence as a process of its own.
 */
import { layerStatic } from "@weir/cluster/Cluster"
import { runProcess } from "@weir/process/RunProcess"
import { Layer } from "effect"
import { layer } from "./layer.ts"

runProcess({
  role: "presence",
  node: "presence-1",
  services: (settings) =>
    layer(settings).pipe(
      Layer.provide(layerStatic(settings.nodes.map((node) => ({ ...node, incarnation: 0 }))))
    )
})
