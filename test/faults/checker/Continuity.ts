/**
 * Continuity: I5, I6 and the subscribers' half of I13. Each subscriber has all of
 * the channel from where it began to the head, or was told what it misses.
 */
import type { Position } from "@weir/core/Position"
import type { ChannelHistory, Line } from "./ChannelHistory.ts"
import type { Rules, Violation } from "./Violation.ts"
import { rangeOf, type Walked, walk } from "./Walk.ts"

export function* continuity(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  const { head } = channel
  for (const line of channel.lines.values()) {
    for (const via of line.vias.size === 0 ? (["wire"] as const) : line.vias) {
      const walked = walk(channel, line, via, rules)
      yield* walked.violations
      yield* atTheEnd(`${channel.name}: ${line.subscriber}`, head, line, walked)
    }
  }
}

function* atTheEnd(
  who: string,
  head: Position | undefined,
  { events: seen }: Line,
  { cursor, standing, unseen }: Walked
): Generator<Violation> {
  const last = seen.at(-1)!
  if (standing === "left") return
  if (cursor === undefined) {
    const explanation = `${who} was never subscribed`
    yield { invariant: "I13", explanation, events: [last] }
    return
  }
  if (head === undefined) return
  if (cursor.epoch !== head.epoch) {
    // Younger than all that anybody published: told of an epoch that is still empty.
    if (cursor.term > head.term) return
    const explanation = `${who} is in ${cursor.epoch} at the end, and the channel in ${head.epoch}`
    yield { invariant: standing === "asking" ? "I13" : "I6", explanation, events: [cursor.last] }
    return
  }
  const missing = unseen(head.epoch, cursor.next, head.offset)
  if (missing.size === 0) return
  const events = [cursor.last]
  if (last !== cursor.last) events.push(last)
  const what = `${rangeOf(missing)} of ${head.epoch}`
  yield standing === "asking"
    ? { invariant: "I13", explanation: `${who} did not come back, and lacks ${what}`, events }
    : { invariant: "I6", explanation: `${who} is connected at the end, and lacks ${what}`, events }
}
