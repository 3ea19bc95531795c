/**
 * AuthMetrics: what the auth service counts.
 */
import { counter, counterBy, gauge } from "@weir/telemetry/Metrics"

const checks = (result: "ok" | "expired" | "invalid") =>
  counter("weir_auth_checks_total", "Tokens checked, by what came of it.", { result })

/** `result`: ok or failed. */
export const publishedKeyFetches = counterBy(
  "weir_auth_jwks_fetches_total",
  "How often issuers were asked for their keys.",
  "result"
)

/** Made at once, so that a rate over any of them is 0 and not absent before the first. */
export const authChecks = {
  ok: checks("ok"),
  expired: checks("expired"),
  invalid: checks("invalid")
} as const

export const restrictionsHeld = gauge(
  "weir_auth_restrictions",
  "Restrictions that hold, as this node knows them."
)

export const restrictionsAge = gauge(
  "weir_auth_restrictions_age_seconds",
  "Since the list of restrictions was last read from where it is kept."
)

const audit = (result: "written" | "dropped") =>
  counter("weir_auth_audit_events_total", "Lines of the audit trail.", { result })

export const auditEvents = { written: audit("written"), dropped: audit("dropped") } as const
