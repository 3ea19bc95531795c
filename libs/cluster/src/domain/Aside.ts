/**
 * Aside: a router that nobody reaches owns nothing.
 *
 * Its heartbeat says that it lives, and yet what it owns cannot be reached: cut off
 * from its peers, but not from Redis. Nobody else can tell that from a slow network;
 * it can, since everybody who has the view holds a stream to it.
 */

/** Long enough for streams that broke to be opened again. */
const unwatchedMs = 1_000

/** A stream that held this long was not opened into a hole. */
const watchedMs = 1_000

export interface Surroundings {
  /** It owns nothing now, for this reason. */
  readonly isAside: boolean
  /** Streams that others hold to it. */
  readonly watchers: number
  /** Since when there are some, or none. */
  readonly sinceMs: number
  /** Other nodes of the view that would hold one: routers and connectors. */
  readonly others: number
  /** Other routers that may own something. */
  readonly owners: number
}

export const decide = (it: Surroundings): "stepAside" | "comeBack" | undefined => {
  if (it.isAside) return it.watchers > 0 && it.sinceMs >= watchedMs ? "comeBack" : undefined
  // With nobody to take over, what is unreachable stays so in any case.
  const isCutOff = it.watchers === 0 && it.sinceMs >= unwatchedMs && it.others > 0
  return isCutOff && it.owners > 0 ? "stepAside" : undefined
}
