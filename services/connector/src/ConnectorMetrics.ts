/**
 * ConnectorMetrics: what the connector counts, and how deep its queues are.
 */
import { counter, counterBy, gauge, histogram } from "@weir/telemetry/Metrics"

const connectionsBy = (transport: string) =>
  gauge("weir_connector_connections", "Open client connections", { transport })

/** `events`: sessions that read by SSE or long-polling. */
export const connections = {
  websocket: connectionsBy("websocket"),
  events: connectionsBy("events")
}

export const draining = gauge(
  "weir_connector_draining",
  "Connections that are still to be ended, because this connector ends"
)

export const subscriptions = gauge(
  "weir_connector_subscriptions",
  "Subscriptions of all connections"
)

export const channels = gauge("weir_connector_channels", "Channels that a client here wants")

export const members = gauge("weir_connector_members", "Members announced by clients here")

export const messagesIn = counter("weir_connector_messages_in_total", "Messages from clients")

export const messagesOut = counter(
  "weir_connector_messages_out_total",
  "Frames given to client connections"
)

export const bytesOut = counter(
  "weir_connector_bytes_out_total",
  "Bytes given to client connections"
)

/** `type`: of the request; `malformed` for what is none. */
export const commands = counterBy("weir_connector_commands_total", "Requests from clients", "type")

/** `code`: of the failure. */
export const failures = counterBy("weir_connector_failures_total", "Requests refused", "code")

/** `code`: the close code. */
export const closes = counterBy("weir_connector_closes_total", "Connections ended", "code")

/** `reason`: of `NodeAdmission`, or a failure's code. */
export const refusedHandshakes = counterBy(
  "weir_connector_handshakes_refused_total",
  "Connections refused before they were open",
  "reason"
)

/** `code`: the close code's name. */
export const evicted = counterBy(
  "weir_connector_evicted_total",
  "Connections ended because their client was revoked, banned or kicked",
  "code"
)

export const restrictionsHeld = gauge(
  "weir_connector_restrictions",
  "Restrictions that hold here, as auth has told them"
)

export const restrictionsAge = gauge(
  "weir_connector_restrictions_age_seconds",
  "Since auth last said that the list of restrictions here is all of it"
)

export const newcomersHeld = counter(
  "weir_connector_newcomers_held_total",
  "Clients with a token that had to wait for their turn, while others came back"
)

export const loopLag = gauge(
  "weir_connector_loop_lag_p99_seconds",
  "How late the event loop was in the last 5 s, in all but a hundredth of the looks"
)

export const memoryShare = gauge(
  "weir_connector_memory_share",
  "Memory of the process, of what it may use; 0 where nothing bounds it"
)

/** From our ping to the client's pong; a pong later than 8 s finds nobody. */
export const pingSeconds = histogram(
  "weir_connector_ping_seconds",
  "How long clients took to answer a ping",
  [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
)

export const outboxFrames = gauge(
  "weir_connector_outbox_depth",
  "Chunks that wait for clients whose socket is full"
)

export const behind = gauge(
  "weir_connector_subscriptions_behind",
  "Subscriptions that are not up to date: being replayed, or their clients read slowly"
)

export const sharedReads = counter(
  "weir_connector_reads_shared_total",
  "Pages of logs that were asked for and came with somebody else's"
)

/** `reason`: of the gap. */
export const gaps = counterBy("weir_connector_gaps_total", "Gaps told to clients", "reason")

/** `reason`: of the gap that tells of them; `conflated` where none is owed. */
export const publicationsSkipped = counterBy(
  "weir_connector_publications_skipped_total",
  "Publications that a client which subscribed to them was not given",
  "reason"
)

/** `status`: of HTTP. */
export const apiRequests = counterBy(
  "weir_connector_api_requests_total",
  "Requests of the publish API over HTTP",
  "status"
)

/** Of one handler, by `result`: `ok`, `interrupted` or a failure's code. */
export const rpcCalls = (handler: string) =>
  counterBy("weir_connector_rpc_calls_total", "Calls of backends for clients", "result", {
    handler
  })

export const signalsDropped = counter(
  "weir_connector_signals_dropped_total",
  "Signals left out, for clients that read slowly or on the way to an owner"
)

export const pendingCommands = gauge(
  "weir_connector_commands_pending",
  "Requests that are not answered yet"
)

/** An idle mesh with one view has none: they follow changes of owner. */
export const laneMoves = counter(
  "weir_connector_lane_moves_total",
  "Channels attached at another router than before"
)

export const beaconRepairs = counter(
  "weir_connector_beacon_repairs_total",
  "Channels attached again because a beacon told of something that had not arrived"
)

/** `result`: `back` or `lost`. */
export const probes = counterBy(
  "weir_connector_probes_total",
  "Publications of our own that should come back on a lane",
  "result"
)
