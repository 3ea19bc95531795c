/**
 * Staleness: whose heartbeat stands still, by the reader's own clock.
 *
 * An age runs from when a reader first saw a beat to when it last asked and saw the
 * same, so that no clock but its own counts, and no delay of an answer makes anybody
 * older. Times are monotonic milliseconds.
 */

/** A node leaves the view after so long without a new beat. */
export const staleAfterMs = 2_500

/** One whose address refuses connections leaves after so long. */
export const stillAfterMs = 600

/** After a longer pause in reading nobody is judged by what came before it. */
const longestPauseMs = 1_000

interface Observed {
  readonly beat: string
  readonly firstSeenAt: number
}

export interface Ages {
  /** When the newest read was asked for. */
  readonly readAt: number
  readonly observed: ReadonlyMap<string, Observed>
}

export interface Read {
  readonly beats: ReadonlyMap<string, string>
  readonly askedAt: number
  readonly answeredAt: number
}

export const noAges: Ages = { readAt: Number.NEGATIVE_INFINITY, observed: new Map() }

export const observe = (before: Ages, { answeredAt, askedAt, beats }: Read): Ages => {
  // Two reads may be answered in the other order; the later question knows more.
  if (askedAt < before.readAt) return before
  const afterPause = askedAt - before.readAt > longestPauseMs
  const observed = new Map<string, Observed>()
  for (const [name, beat] of beats) {
    const known = before.observed.get(name)
    const same = !afterPause && known?.beat === beat
    observed.set(name, same ? known : { beat, firstSeenAt: answeredAt })
  }
  return { readAt: askedAt, observed }
}

const ageOf = ({ readAt }: Ages, { firstSeenAt }: Observed): number => readAt - firstSeenAt

/** The beat by which a node may be evicted for its silence alone. */
export const staleBeats = (ages: Ages): ReadonlyMap<string, string> =>
  new Map(
    [...ages.observed].flatMap(([name, observed]) =>
      ageOf(ages, observed) >= staleAfterMs ? [[name, observed.beat] as const] : []
    )
  )

/** How long until a node that refuses connections may be evicted for it; 0: now. */
export const untilStillMs = (ages: Ages, name: string): number => {
  const observed = ages.observed.get(name)
  return observed === undefined ? stillAfterMs : Math.max(0, stillAfterMs - ageOf(ages, observed))
}

/**
 * Most of the others seem to stand still, and yet one of them speaks to us: then they are
 * not gone, and it is our store that stands still, a primary that others have left.
 */
export const isStoreBehind = (
  stale: ReadonlyArray<string>,
  others: number,
  hears: (name: string) => boolean
): boolean => stale.length * 2 > others && stale.some(hears)
