/**
 * Recovery: what was published on one channel, and which of it came live, later or never.
 *
 * A publisher outside of the network says what it has published, so that while the line is cut
 * there is something to be seen to miss.
 */
import type { Position } from "@weir/client/Envelope"
import type { Gap } from "@weir/client/Progress"

/** `missed`: published while we were away; `back`: it has come since; `lost`: it will not. */
export type Fate = "live" | "missed" | "back" | "lost"

export interface Tick {
  readonly id: string
  readonly position: Position
  readonly fate: Fate
}

export interface Recovery {
  /** In the order of the channel. */
  readonly ticks: ReadonlyArray<Tick>
  readonly counts: { readonly [F in Fate]: number }
}

export type RecoveryEvent =
  /** The publisher had an answer. `isAway`: the line was cut then. */
  | { readonly type: "accepted"; readonly position: Position; readonly isAway: boolean }
  | { readonly type: "publication"; readonly position: Position; readonly isReplay: boolean }
  | { readonly type: "gap"; readonly gap: Pick<Gap, "from" | "to" | "position"> }

export const nothingPublished: Recovery = {
  ticks: [],
  counts: { live: 0, missed: 0, back: 0, lost: 0 }
}

// What fits on a screen; the counts go on.
const MAX_TICKS = 240

export const recoveryAfter = (recovery: Recovery, event: RecoveryEvent): Recovery => {
  switch (event.type) {
    case "accepted":
      return event.isAway && !find(recovery, event.position)
        ? withTick(recovery, event.position, "missed")
        : recovery
    case "publication": {
      const known = find(recovery, event.position)
      if (known !== undefined) return changed(recovery, [known], "back")
      return withTick(recovery, event.position, event.isReplay ? "back" : "live")
    }
    case "gap":
      return changed(recovery, recovery.ticks.filter(isIn(event.gap)), "lost")
  }
}

const idOf = ({ epoch, offset }: Position): string => `${epoch} ${offset}`

const find = ({ ticks }: Recovery, position: Position): Tick | undefined =>
  ticks.findLast(({ id }) => id === idOf(position))

const withTick = ({ counts, ticks }: Recovery, position: Position, fate: Fate): Recovery => {
  const tick = { id: idOf(position), position, fate }
  // While the line is cut, the answers of a publisher are the only order there is.
  const at = ticks.findLastIndex((each) => !isBehind(each.position, position)) + 1
  const next = ticks.toSpliced(at, 0, tick).slice(-MAX_TICKS)
  return { ticks: next, counts: { ...counts, [fate]: counts[fate] + 1 } }
}

const isBehind = (one: Position, other: Position): boolean =>
  one.epoch === other.epoch && one.offset > other.offset

const changed = (recovery: Recovery, which: ReadonlyArray<Tick>, fate: Fate): Recovery => {
  const missed = new Set(which.filter((tick) => tick.fate === "missed").map(({ id }) => id))
  if (missed.size === 0) return recovery
  const { counts, ticks } = recovery
  return {
    ticks: ticks.map((tick) => (missed.has(tick.id) ? { ...tick, fate } : tick)),
    counts: {
      ...counts,
      missed: counts.missed - missed.size,
      [fate]: counts[fate] + missed.size
    }
  }
}

/** Without offsets, everything that is missed up to the gap's position is lost. */
const isIn =
  ({ from, position, to }: Pick<Gap, "from" | "to" | "position">) =>
  (tick: Tick): boolean => {
    const { epoch, offset } = tick.position
    if (epoch !== position.epoch) return true
    return offset >= (from ?? 0) && offset <= (to ?? position.offset)
  }
