/**
 * Agreement: I3, I4 and I10. Everybody sees one log: one entry at a position,
 * one position for a publication, terms that never go down.
 */
import { attentionOf } from "./Attention.ts"
import { type ChannelHistory, type Entry, keyOf, type Publication } from "./ChannelHistory.ts"
import { failedForCertain } from "./Published.ts"
import type { Rules, Violation } from "./Violation.ts"

export function* onePerPosition(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  for (const [epoch, offsets] of channel.epochs()) {
    for (const [offset, entries] of offsets) {
      for (const [index, other] of entries.entries()) {
        const rival = entries.slice(0, index).find((it) => disagree(it, other, rules))
        if (rival === undefined) continue
        const where = `${channel.name}: at ${offset} of ${epoch}`
        const explanation =
          rival.messageId === other.messageId
            ? `${where} ${other.messageId} has the terms ${rival.term} and ${other.term}`
            : `${where} are both ${rival.messageId} and ${other.messageId}`
        yield { invariant: "I3", explanation, events: [rival.event, other.event] }
      }
    }
  }
}

/** Other bytes of one publication are not another entry: I1 tells of them. */
const disagree = (a: Entry, b: Entry, { divergence }: Rules): boolean =>
  a.term === b.term ? keyOf(a) !== keyOf(b) : !divergence

/** Delivered, and the log turns out not to have it. What was acknowledged is I7's. */
export function* deliveredIsLogged(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  const missing = new Set<string>()
  for (const entry of channel.entries()) {
    if (isMissing(channel, entry)) missing.add(`${entry.epoch}\n${entry.offset}`)
  }
  if (missing.size === 0) return
  for (const line of channel.lines.values()) {
    const { isTold } = attentionOf(line)
    for (const event of line.events) {
      if (event.type !== "deliver") continue
      const { epoch, offset } = event.position
      if (!missing.has(`${epoch}\n${offset}`)) continue
      if (rules.class === "B" && isTold(event.t)) continue
      const explanation = `${channel.name}: ${line.subscriber} got ${event.messageId} at ${offset} of ${epoch}, where the log has nothing`
      yield { invariant: "I3", explanation, events: [event] }
    }
  }
}

const isMissing = ({ log, publications }: ChannelHistory, entry: Entry): boolean => {
  const { epoch, event, offset } = entry
  if (log === undefined || event.type !== "deliver") return false
  if (epoch === log.event.epoch && (offset < log.event.floor || log.byOffset.has(offset))) {
    return false
  }
  const publication = publications.get(keyOf(entry))
  return publication !== undefined && publication.ok === undefined && !failedForCertain(publication)
}

/** While its id is remembered; what the log has lost, it has forgotten the id of. */
export function* onePosition(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  const mayLose = rules.class === "B" || rules.divergence
  const seen = new Map<string, Entry>()
  for (const entry of channel.entries()) {
    const { epoch, event, messageId, offset } = entry
    if (!channel.stands({ epoch, offset, term: entry.term }, mayLose)) continue
    const publication = channel.publications.get(keyOf(entry))
    if (publication === undefined || outlasts(publication, rules.window)) continue
    const key = `${epoch}\n${keyOf(entry)}`
    const first = seen.get(key)
    if (first === undefined) {
      seen.set(key, entry)
    } else if (first.offset !== offset) {
      const explanation = `${channel.name}: ${messageId} is at ${first.offset} and at ${offset} of ${epoch}`
      yield { invariant: "I4", explanation, events: [first.event, event] }
    }
  }
}

const outlasts = ({ invoked, last }: Publication, window: number): boolean =>
  last.t - invoked.t > window

export function* risingTerms(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  const mayLose = rules.class === "B" || rules.divergence
  for (const [epoch, offsets] of channel.epochs()) {
    let before: Entry | undefined
    for (const offset of [...offsets.keys()].sort((a, b) => a - b)) {
      const entry = offsets
        .get(offset)!
        .find(({ term }) => channel.stands({ epoch, offset, term }, mayLose))
      if (entry === undefined) continue
      if (before !== undefined && entry.term < before.term) {
        const explanation = `${channel.name}: in ${epoch} the term goes down from ${before.term} at ${before.offset} to ${entry.term} at ${offset}`
        yield { invariant: "I10", explanation, events: [before.event, entry.event] }
      }
      before = entry
    }
  }
}
