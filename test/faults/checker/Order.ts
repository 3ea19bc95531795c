/**
 * Order: I8 and I9. What is over before something begins is before it in the log.
 */
import type { Position } from "@weir/core/Position"
import type { HistoryEvent } from "../history/History.ts"
import type { ChannelHistory, Publication } from "./ChannelHistory.ts"
import type { Rules, Violation } from "./Violation.ts"

interface Placed {
  readonly name: string
  /** What it is that was over at its end. */
  readonly over: string
  readonly begin: number
  readonly end: number
  readonly epoch: string
  readonly offset: number
  readonly event: HistoryEvent
}

/** For each one that comes too early in the log, one that was over before it began and is behind it. */
function* inversionsIn(all: ReadonlyArray<Placed>): Generator<readonly [Placed, Placed]> {
  const ends = all.toSorted((a, b) => a.end - b.end)
  const begins = all.toSorted((a, b) => a.begin - b.begin)
  const furthest = new Map<string, Placed>()
  let over = 0
  for (const later of begins) {
    for (; over < ends.length && ends[over]!.end < later.begin; over++) {
      const ended = ends[over]!
      const known = furthest.get(ended.epoch)
      if (known === undefined || ended.offset > known.offset) furthest.set(ended.epoch, ended)
    }
    const earlier = furthest.get(later.epoch)
    if (earlier !== undefined && earlier.offset > later.offset) yield [earlier, later]
  }
}

const mayLose = (rules: Rules): boolean => rules.class === "B" || rules.divergence

function* placed(channel: ChannelHistory, rules: Rules) {
  for (const publication of channel.publications.values()) {
    const place = channel.placeOf(publication)
    if (place !== undefined && channel.stands(place, mayLose(rules))) yield { publication, place }
  }
}

export function* realTime(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  const all: Array<Placed> = []
  for (const { place, publication } of placed(channel, rules)) {
    const { invoked, messageId, ok } = publication
    all.push({
      name: messageId,
      over: `${messageId} was acknowledged at ${place.offset}`,
      begin: invoked.t,
      end: ok?.t ?? Number.POSITIVE_INFINITY,
      epoch: place.epoch,
      offset: place.offset,
      event: ok ?? invoked
    })
  }
  for (const { subscriber, events } of channel.lines.values()) {
    for (const event of events) {
      if (event.type !== "subscribe" || event.phase === "invoke") continue
      const { epoch, offset }: Position = event.position
      if (!channel.stands(event.position, mayLose(rules))) continue
      all.push({
        name: subscriber,
        over: `${subscriber} was subscribed from ${offset}`,
        begin: Number.NEGATIVE_INFINITY,
        end: event.t,
        epoch,
        // What is published from now on comes behind the head.
        offset: offset + 0.5,
        event
      })
    }
  }
  for (const [earlier, later] of inversionsIn(all)) {
    const explanation = `${channel.name}: ${earlier.over} before ${later.name} was published, which is at ${later.offset}`
    yield { invariant: "I8", explanation, events: [earlier.event, later.event] }
  }
}

/**
 * An owner that dies takes the message ids of an unlogged channel with it. What it may have
 * published, and nobody heard of, is published once more when it is sent again: in the next
 * epoch, and maybe behind what was sent after it and went there at once. One that was stopped
 * dies when it goes on and hears of the next: for what it took until then is acknowledged.
 */
const mayComeAgain = (
  channel: ChannelHistory,
  { invoked, unknowns }: Publication,
  { epoch }: Position,
  rules: Rules
): boolean => !rules.logged(channel.name) && unknowns > 0 && invoked.t < channel.takenUntil(epoch)

export function* pipelined(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  const byProcess = new Map<string, Array<Placed>>()
  for (const { place, publication } of placed(channel, rules)) {
    if (mayComeAgain(channel, publication, place, rules)) continue
    const { firstInvoke, invoked, lastInvoke, messageId, ok, process } = publication
    const it: Placed = {
      name: messageId,
      over: `${messageId} was sent`,
      begin: firstInvoke,
      end: lastInvoke,
      epoch: place.epoch,
      offset: place.offset,
      event: ok ?? invoked
    }
    const line = byProcess.get(process)
    if (line === undefined) byProcess.set(process, [it])
    else line.push(it)
  }
  for (const [process, line] of byProcess) {
    for (const [earlier, later] of inversionsIn(line)) {
      const explanation = `${channel.name}: ${process} published ${earlier.name} before ${later.name}, and they are at ${earlier.offset} and ${later.offset}`
      yield { invariant: "I9", explanation, events: [earlier.event, later.event] }
    }
  }
}
