/**
 * PresenceMetrics: what an operator sees of rosters and of those who watch them.
 *
 * Gauges follow the maps they are about, so one that does not fall back after a
 * storm is a leak.
 */
import { counter, counterBy, gauge } from "@weir/telemetry/Metrics"

export const members = gauge("weir_presence_members", "Members in all rosters.")

export const channels = gauge("weir_presence_channels", "Channels with at least one member.")

export const seats = gauge("weir_presence_seats", "Connections of users, where these are counted.")

export const connectors = gauge(
  "weir_presence_connectors",
  "Connectors that announce, or did a moment ago."
)

export const watchedChannels = gauge(
  "weir_presence_watched_channels",
  "Channels that at least one connector watches."
)

export const pendingChanges = gauge(
  "weir_presence_pending_changes",
  "Members whose change a watching connector has yet to be told, summed over connectors."
)

export const joins = counter("weir_presence_joins_total", "Members that came.")

export const leaves = counter("weir_presence_leaves_total", "Members that went.")

/** Reasons: `data_too_large`, `roster_full`, `no_member`. */
export const ignoredJoins = counterBy(
  "weir_presence_ignored_joins_total",
  "Joins not taken, by reason.",
  "reason"
)
