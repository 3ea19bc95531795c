/**
 * ClusterMetrics: what this process knows of the others.
 */
import { counter, gauge } from "@weir/telemetry/Metrics"

export const viewVersion = gauge("weir_view_version", "Version of the view that is known here")

export const viewNodes = gauge("weir_view_nodes", "Nodes in the view that is known here")

export const evictions = counter(
  "weir_view_evictions_total",
  "Nodes that this one has removed from the view"
)
