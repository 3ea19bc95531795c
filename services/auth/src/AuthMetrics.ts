/**
 * AuthMetrics: what the auth service counts.
 */
import { counter } from "@weir/telemetry/Metrics"

const checks = (result: "ok" | "expired" | "invalid") =>
  counter("weir_auth_checks_total", "Tokens checked, by what came of it.", { result })

/** Made at once, so that a rate over any of them is 0 and not absent before the first. */
export const authChecks = {
  ok: checks("ok"),
  expired: checks("expired"),
  invalid: checks("invalid")
} as const
