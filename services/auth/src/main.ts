/**
 * The auth service as a process of its own.
 */
import { layerFor } from "@weir/cluster/ClusterLayer"
import { runProcess } from "@weir/process/RunProcess"
import { Layer } from "effect"
import { layer } from "./layer.ts"

runProcess({
  role: "auth",
  node: "auth-1",
  amongOthers: true,
  services: (settings) => layer(settings).pipe(Layer.provide(layerFor(settings, "judging")))
})
