/**
 * Cores: who runs where: whoever holds subscribers' sockets has a core of its own, and
 * all others share the rest.
 */
import { canPin, coreCount } from "./Machine.ts"
import type { StartOptions } from "./System.ts"

export interface Cores {
  readonly serverCore: number | undefined
  readonly otherCore: number | undefined
  readonly driverCore: number | undefined
}

/** Two servers do not share one core, so with several nothing is pinned. */
export const coresFor = (servers: number): Cores => {
  if (!canPin || servers > 1) {
    return { serverCore: undefined, otherCore: undefined, driverCore: undefined }
  }
  // With two cores there is one for all others; with more, the driver has its own as well.
  return { serverCore: 0, otherCore: 1, driverCore: coreCount > 2 ? 2 : 1 }
}

export const startOptions = (servers: number, logged: boolean): StartOptions => {
  const { otherCore, serverCore } = coresFor(servers)
  return { serverCore, otherCore, servers, logged }
}
