/**
 * RouterMetrics: what the router counts, and how deep its queues are.
 */
import { counter, counterBy, gauge } from "@weir/telemetry/Metrics"

/** `result`: ok, duplicate or a failure's code. */
export const publications = counterBy(
  "weir_router_publish_total",
  "Publications decided by this owner",
  "result"
)

export const appendQueue = gauge(
  "weir_router_append_queue_depth",
  "Messages that wait for their channel's append"
)

export const channels = gauge("weir_router_channels", "Channels that this owner holds in memory")

export const lanes = gauge("weir_router_lanes", "Lanes open to connectors")

export const interests = gauge("weir_router_interests", "Channels attached, over all lanes")

export const laneQueue = gauge("weir_router_lane_queue_depth", "Items that wait to leave on a lane")

export const laneItems = counter("weir_router_lane_items_total", "Items sent on lanes")

export const laggingFollowers = gauge(
  "weir_router_lagging",
  "Channels on lanes without credit, to be read again from the log"
)
