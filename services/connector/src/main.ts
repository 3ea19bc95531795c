/**
 * A connector as a process of its own.
 */
import { layerFor } from "@weir/cluster/ClusterLayer"
import { runProcess } from "@weir/process/RunProcess"
import { Layer } from "effect"
import { layer } from "./layer.ts"

runProcess({
  role: "connector",
  node: "connector-1",
  amongOthers: true,
  drains: true,
  services: (settings) =>
    layer(settings, settings.pageDirectory).pipe(Layer.provide(layerFor(settings, "watching")))
})
