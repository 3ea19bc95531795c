/**
 * Loss: I7. What was acknowledged is in the log, unless trimmed. In class B it
 * may be lost, if everybody who has it or was to get it was told.
 */
import type { Delivered, FinalLog, PublishOk } from "../history/History.ts"
import { attentionOf } from "./Attention.ts"
import { type ChannelHistory, keyOf, type Line, type Log } from "./ChannelHistory.ts"
import type { Rules, Violation } from "./Violation.ts"

export interface Lost {
  readonly ok: PublishOk
  readonly messageId: string
  readonly publisher: string
  readonly process: string
  /** When it was first sent. */
  readonly invokedAt: number
  /** Before all that is left, after it, or between. The worst is the middle. */
  readonly part: "prefix" | "middle" | "postfix"
}

/** Acknowledged, not trimmed, and not in the final log. */
export const lostOf = (channel: ChannelHistory): ReadonlyArray<Lost> => {
  const { log } = channel
  if (log === undefined) return []
  const { entries, epoch, floor } = log.event
  const first = entries[0]?.offset ?? Number.POSITIVE_INFINITY
  const last = entries.at(-1)?.offset ?? 0
  const partOf = ({ position }: PublishOk): Lost["part"] => {
    if (position.epoch !== epoch) return "prefix"
    if (position.offset > last) return "postfix"
    return position.offset < first ? "prefix" : "middle"
  }
  const lost: Array<Lost> = []
  for (const publication of channel.publications.values()) {
    const { invoked, messageId, ok, process, publisher } = publication
    if (ok === undefined || log.byKey.has(keyOf(publication))) continue
    if (ok.position.epoch === epoch && ok.position.offset < floor) continue
    lost.push({ ok, messageId, publisher, process, invokedAt: invoked.t, part: partOf(ok) })
  }
  return lost
}

export function* acknowledgedIsKept(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  const acked = [...channel.publications.values()].find(({ ok }) => ok !== undefined)?.ok
  if (channel.log === undefined && rules.logged(channel.name) && acked !== undefined) {
    const explanation = `${channel.name}: has acknowledged publications and no final log`
    yield { invariant: "I7", explanation, events: [acked] }
  }
  const all = lostOf(channel)
  if (all.length === 0) return
  if (rules.class === "A") {
    for (const lost of all) {
      const events = [lost.ok, around(channel.log!, lost)]
      yield { invariant: "I7", explanation: said(channel, lost), events }
    }
    return
  }
  const byKey = new Map(all.map((lost) => [keyOf(lost), lost]))
  for (const line of channel.lines.values()) yield* untold(channel, line, byKey)
}

/** What the log has where it should be. */
const around = ({ byOffset, event }: Log, { ok: { position } }: Lost): FinalLog => {
  const near = [position.offset - 1, position.offset, position.offset + 1]
  return { ...event, entries: near.flatMap((offset) => byOffset.get(offset) ?? []) }
}

const said = ({ name }: ChannelHistory, { messageId, ok, part, process }: Lost): string =>
  `${name}: ${process}'s ${messageId}, acknowledged at ${ok.position.offset}, is not in the log (${part})`

/** What this subscriber has or should have got, and does not know to be lost. */
function* untold(
  channel: ChannelHistory,
  line: Line,
  byKey: ReadonlyMap<string, Lost>
): Generator<Violation> {
  const has = new Map<Lost, Delivered>()
  for (const event of line.events) {
    if (event.type !== "deliver") continue
    const lost = byKey.get(keyOf(event))
    if (lost !== undefined && !has.has(lost)) has.set(lost, event)
  }
  const { isSubscribed, isTold } = attentionOf(line)
  for (const lost of byKey.values()) {
    const { invokedAt, ok } = lost
    const event = has.get(lost)
    if (event === undefined && !isSubscribed(invokedAt, ok.t)) continue
    if (isTold(event?.t ?? invokedAt)) continue
    const how = event === undefined ? "should have got it" : "has it"
    const explanation = `${said(channel, lost)}, and ${line.subscriber}, who ${how}, was not told`
    yield { invariant: "I7", explanation, events: event === undefined ? [ok] : [ok, event] }
  }
}
