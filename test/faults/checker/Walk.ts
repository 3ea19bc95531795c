/**
 * Walk: follows one subscriber along a channel, as a careful client would: what
 * has to come next, what was jumped over, and where it stands at the end.
 *
 * Something that comes again is no fault here: the wire delivers at least once.
 */
import type { Delivered, GapTold, HistoryEvent, SubscribeOk } from "../history/History.ts"
import { type ChannelHistory, keyOf, type Line } from "./ChannelHistory.ts"
import type { Invariant, Rules, Violation } from "./Violation.ts"

/** Where the subscriber stands: it has, or was told that it misses, all before `next`. */
export interface Cursor {
  readonly epoch: string
  readonly term: number
  next: number
  /** Where the run without a gap begins: lower offsets do not come. */
  readonly start: number
  last: HistoryEvent
}

export interface Walked {
  readonly violations: ReadonlyArray<Violation>
  readonly cursor: Cursor | undefined
  /** `asking`: it has not been subscribed since it was cut off. `left`: it was let go. */
  readonly standing: "subscribed" | "asking" | "left"
  /** Of a range of offsets, those that it has nothing of. */
  readonly unseen: Unseen
}

type Unseen = (epoch: string, from: number, to: number) => Set<number>

interface Hole {
  readonly epoch: string
  readonly missing: Set<number>
  readonly before: HistoryEvent
  readonly after: HistoryEvent
}

/** A wild offset must not make a set of a billion. */
const namedOffsets = 100_000

export const rangeOf = (offsets: Iterable<number>): string => {
  const all = [...offsets]
  return all.length === 1 ? `${all[0]}` : `${all[0]}–${all.at(-1)}`
}

/**
 * A callback is not called again for what it had at another offset, before the log
 * was rolled back: that is not missing.
 */
const unseenBy = (channel: ChannelHistory, line: Line, via: Delivered["via"]): Unseen => {
  // Most lines have no hole, and need no such set.
  let had: Set<string> | undefined
  const keysHad = () => {
    had ??= new Set(
      line.events.flatMap((it) => (it.type === "deliver" && it.via === via ? [keyOf(it)] : []))
    )
    return had
  }
  return (epoch, from, to) => {
    const missing = new Set<number>()
    const end = Math.min(to, from + namedOffsets - 1)
    for (let offset = from; offset <= end; offset++) missing.add(offset)
    if (via === "wire") return missing
    for (const offset of missing) {
      const isHad = channel.at(epoch, offset).some((entry) => keysHad().has(keyOf(entry)))
      if (isHad) missing.delete(offset)
    }
    return missing
  }
}

export const walk = (
  channel: ChannelHistory,
  line: Line,
  via: Delivered["via"],
  rules: Rules
): Walked => {
  const violations: Array<Violation> = []
  const holes: Array<Hole> = []
  const mayJump = rules.delivery(channel.name) === "latest"
  const unseen = unseenBy(channel, line, via)
  let cursor: Cursor | undefined
  let standing: Walked["standing"] = "asking"

  const complain = (invariant: Invariant, what: string, ...events: Array<HistoryEvent>) => {
    const explanation = `${channel.name}: ${line.subscriber} ${what}`
    violations.push({ invariant, explanation, events })
  }

  const jump = (from: number, to: number, after: HistoryEvent) => {
    if (mayJump || cursor === undefined || from > to) return
    const missing = unseen(cursor.epoch, from, to)
    if (missing.size === 0) return
    holes.push({ epoch: cursor.epoch, missing, before: cursor.last, after })
  }

  const begin = (event: SubscribeOk) => {
    const { next, position, reason, recovered, since } = event
    const continues = cursor?.epoch === position.epoch
    // A resume vouches for what was before it: all of it, or what was up to `since`. Who
    // asks without `since`, and is told no reason, begins anew.
    if (continues && recovered) jump(cursor!.next, next - 1, event)
    else if (since?.epoch === cursor?.epoch && since !== undefined && reason !== undefined) {
      jump(cursor!.next, since.offset, event)
    }
    cursor = { epoch: position.epoch, term: position.term, next, start: next, last: event }
  }

  const skip = (event: GapTold) => {
    const { from, position, to } = event
    if (cursor?.epoch === position.epoch) {
      if (from !== undefined) jump(cursor.next, from - 1, event)
      if (to !== undefined) jump(Math.max(cursor.next, to + 1), position.offset, event)
    }
    const next = position.offset + 1
    cursor = { epoch: position.epoch, term: position.term, next, start: next, last: event }
  }

  const comesLate = (event: Delivered, { next, start, last }: Cursor): void => {
    const { epoch, offset } = event.position
    const hole = holes.find((it) => it.epoch === epoch && it.missing.has(offset))
    if (hole !== undefined) {
      hole.missing.delete(offset)
      return complain("I5", `got ${offset} of ${epoch} after ${next - 1}`, hole.after, event)
    }
    if (offset < start) {
      return complain("I5", `got ${offset} of ${epoch}, where ${next} was to come`, last, event)
    }
    if (channel.at(epoch, offset).length > 1) {
      complain("I5", `went back from ${next - 1} to ${offset} of ${epoch} untold`, last, event)
    }
  }

  const take = (event: Delivered): void => {
    const { epoch, offset, term } = event.position
    if (cursor?.epoch !== epoch) {
      if (cursor !== undefined) {
        complain("I5", `went from ${cursor.epoch} to ${epoch} untold`, cursor.last, event)
      }
      cursor = { epoch, term, next: offset + 1, start: offset, last: event }
      return
    }
    if (offset < cursor.next) return comesLate(event, cursor)
    jump(cursor.next, offset - 1, event)
    cursor.next = offset + 1
    cursor.last = event
  }

  for (const event of line.events) {
    switch (event.type) {
      case "subscribe":
        if (event.phase === "invoke") break
        standing = "subscribed"
        begin(event)
        break
      case "gap":
        standing = "subscribed"
        skip(event)
        break
      case "deliver":
        standing = "subscribed"
        if (event.via === via) take(event)
        break
      // An SDK subscribes again by itself, and may say no more than this.
      case "connected":
        standing = "subscribed"
        break
      case "close":
        standing = event.final === true ? "left" : "asking"
        break
      case "unsubscribe":
        standing = "left"
    }
  }
  for (const { after, before, epoch, missing } of holes) {
    if (missing.size > 0) complain("I6", `missed ${rangeOf(missing)} of ${epoch}`, before, after)
  }
  return { violations, cursor, standing, unseen }
}
