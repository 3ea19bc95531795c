/**
 * SlowOnes: those of a run's subscribers that do not read as fast as is published, and what
 * becomes of them.
 */
import type { Subscriber } from "./Subscriber.ts"

export interface SlowOnes {
  readonly count: number
  /** They have everything, by now. */
  readonly complete: number
  /** They were told of all that they lack. */
  readonly gaps: number
  /** Their connection was ended. */
  readonly closed: number
  /** They lack something, and nobody has said so. */
  readonly silent: number
  /** Why their connections ended, as they know it, and how many of them for each reason. */
  readonly reasons: Readonly<Record<string, number>>
  /** They have the newest publication of each key. */
  readonly newest: number
  /** Publications, of all of them together: given, and named by gaps. */
  readonly received: number
  readonly told: number
  /** However many a gap is about. */
  readonly gapFrames: number
  /** Neither given nor named; of those whose connection was ended only what is missing in between. */
  readonly unaccounted: number
  readonly misordered: number
}

/** True: the place is one of `chosen` that are spread evenly over `all`. */
const isChosen = (place: number, chosen: number, all: number): boolean =>
  Math.floor(((place + 1) * chosen) / all) > Math.floor((place * chosen) / all)

export type Pace = "healthy" | "slow" | "stopped"

/** Spread over all places, so that as many are served before a healthy one as behind it. */
export const paceOf = (place: number, all: number, slow: number, stopped: number): Pace => {
  const chosen = slow + stopped
  if (!isChosen(place, chosen, all)) return "healthy"
  return isChosen(Math.floor((place * chosen) / all), stopped, chosen) ? "stopped" : "slow"
}

const sumOf = (some: ReadonlyArray<Subscriber>, of: (it: Subscriber) => number): number =>
  some.reduce((sum, it) => sum + of(it), 0)

/** After so many publications. */
export const becameOf = (some: ReadonlyArray<Subscriber>, published: number): SlowOnes => {
  const lacking = some.filter(({ account }) => account.received < published)
  const closed = lacking.filter(({ ended }) => ended !== undefined)
  const unaccounted = ({ account, ended }: Subscriber) =>
    ended === undefined ? account.unaccounted(published) : account.unsaid
  const silent = lacking.filter((it) => it.ended === undefined && unaccounted(it) > 0)
  const hasNewest = ({ lastOfKey }: Subscriber) =>
    lastOfKey.every((it) => it >= published - lastOfKey.length)
  const reasons: Record<string, number> = {}
  for (const { ended } of closed) reasons[ended!] = (reasons[ended!] ?? 0) + 1
  return {
    count: some.length,
    complete: some.length - lacking.length,
    gaps: lacking.length - closed.length - silent.length,
    closed: closed.length,
    silent: silent.length,
    reasons,
    newest: some.filter(hasNewest).length,
    received: sumOf(some, ({ account }) => account.received),
    told: sumOf(some, ({ account }) => account.told),
    gapFrames: sumOf(some, ({ account }) => account.gaps),
    unaccounted: sumOf(some, unaccounted),
    misordered: sumOf(some, ({ account }) => account.misordered)
  }
}
