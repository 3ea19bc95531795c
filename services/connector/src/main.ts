import { layerStatic } from "@weir/cluster/Cluster"
import { runProcess } from "@weir/process/RunProcess"
import { Layer } from "effect"
import { layer } from "./layer.ts"

runProcess({
  role: "connector",
  node: "connector-1",
  services: (settings) => layer(settings).pipe(Layer.provide(layerStatic(settings.nodes)))
})
