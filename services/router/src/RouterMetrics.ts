/**
 * RouterMetrics: what the router counts, and how deep its queues are.
 */
import type { RedisObserver } from "@weir/redis/RedisConnection"
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

export const shardsOwned = gauge("weir_router_shards_owned", "Shards that this router owns")

/** `how`: taken (from an owner that did not hand it over), handoff, renewed (its own, or nobody's). */
export const shardTerms = counterBy(
  "weir_router_shard_terms_total",
  "Terms that this router began",
  "how"
)

/** `result`: ok, duplicate, mismatch, fenced or unknown. */
export const appends = counterBy(
  "weir_router_append_total",
  "Batches appended to logs, by what became of them",
  "result"
)

/** `plan`: what the log was found to need. */
export const reconciliations = counterBy(
  "weir_router_reconciliations_total",
  "Channels whose log may not have been where it was left, by what was found",
  "plan"
)

export const repaired = counter(
  "weir_router_repaired_total",
  "Publications written again because the log had lost them"
)

export const beacons = counter("weir_router_beacons_total", "Beacons put on lanes")

const redisUp = gauge("weir_redis_up", "1 while the logs' Redis can be reached")

const redisFailures = counterBy(
  "weir_redis_failures_total",
  "What Redis did not do, by what is known of it",
  "kind"
)

const redisReconnects = counter("weir_redis_reconnects_total", "Connections to Redis made again")

export const redisObserver: RedisObserver = {
  up: (isUp) => redisUp.add(isUp ? 1 : -1),
  failed: (kind) => redisFailures(kind).add(),
  reconnected: () => redisReconnects.add()
}
