/**
 * Health: `grpc.health.v1` of a whole server, for those who ask before they send anything.
 */
import { createRequire } from "node:module"
import type { HealthImplementation } from "grpc-health-check"
import { type OnDemandService, onDemand } from "./OnDemand.ts"

const require = createRequire(import.meta.url)

const methods = (["Check", "List", "Watch"] as const).map((name) => ({
  path: `/grpc.health.v1.Health/${name}`,
  requestStream: false,
  responseStream: name === "Watch"
}))

export interface Health {
  readonly service: OnDemandService
  /** From now on it serves no more; who watches is told. */
  readonly end: () => void
}

export const makeHealth = (): Health => {
  let serves = true
  let health: HealthImplementation | undefined
  const load = () => {
    const library: typeof import("grpc-health-check") = require("grpc-health-check")
    const made = new library.HealthImplementation({ "": serves ? "SERVING" : "NOT_SERVING" })
    health = made
    return made.addToServer.bind(made)
  }
  return {
    service: onDemand(methods, load),
    end: () => {
      serves = false
      health?.setStatus("", "NOT_SERVING")
    }
  }
}
