/**
 * Recovery: I11. "Recovered" goes on exactly where the subscriber was, and a
 * reason for not going on is the reason.
 */
import type { Position } from "@weir/core/Position"
import type { GapTold, HistoryEvent, SubscribeOk } from "../history/History.ts"
import type { ChannelHistory } from "./ChannelHistory.ts"
import type { Rules, Violation } from "./Violation.ts"

/** What is wrong with a yes. */
const falselyRecovered = (
  channel: ChannelHistory,
  { next, position, since }: SubscribeOk,
  rules: Rules
): string | undefined => {
  if (since === undefined) return undefined
  if (position.epoch !== since.epoch) return `is in ${position.epoch}, not ${since.epoch}`
  if (rules.delivery(channel.name) === "all" && next !== since.offset + 1) {
    return `goes on at ${next}`
  }
  const seen = channel.at(since.epoch, since.offset)
  if (since.offset === 0 || seen.length === 0) return undefined
  return seen.some(({ term }) => term === since.term)
    ? undefined
    : `is of term ${since.term}, and the log has ${seen[0]!.term} there`
}

/**
 * What is wrong with a no. The final log is the witness: its floor only rises,
 * and a position that it still holds was never rolled back.
 */
const falselyLost = (
  { log }: ChannelHistory,
  before: Position,
  { position, reason }: { readonly position: Position; readonly reason?: string },
  next: number,
  rules: Rules
): string | undefined => {
  const sameEpoch = before.epoch === position.epoch
  if (reason === "epoch_changed") {
    return sameEpoch ? `the epoch is still ${position.epoch}` : undefined
  }
  if (!sameEpoch) return `the epoch changed to ${position.epoch}`
  const stored = log?.event.epoch === before.epoch ? log : undefined
  switch (reason) {
    case "trimmed":
      return stored !== undefined && stored.event.floor <= Math.max(1, before.offset)
        ? `the log still begins at ${stored.event.floor}`
        : undefined
    case "limit":
    case "dropped":
      return next > before.offset + 1 ? undefined : `nothing is left out before ${next}`
    case "rolled_back": {
      if (rules.class === "A") return "Redis lost nothing"
      const holds = stored?.byOffset.get(before.offset)?.term === before.term
      return holds && !rules.divergence ? `the log still has ${before.offset}` : undefined
    }
    default:
      return `${reason ?? "no reason"} is no reason`
  }
}

const answerIsFalse = (
  channel: ChannelHistory,
  event: SubscribeOk,
  rules: Rules
): string | undefined => {
  if (event.recovered) {
    const wrong = falselyRecovered(channel, event, rules)
    return wrong && `was told "recovered" after ${event.since!.offset}, and it ${wrong}`
  }
  if (event.since === undefined) return undefined
  const wrong = falselyLost(channel, event.since, event, event.next, rules)
  return wrong && `was told "${event.reason}" after ${event.since.offset}, and ${wrong}`
}

const gapIsFalse = (
  channel: ChannelHistory,
  event: GapTold,
  before: Position | undefined,
  rules: Rules
): string | undefined => {
  if (before === undefined) return undefined
  const wrong = falselyLost(channel, before, event, event.position.offset + 1, rules)
  return wrong && `was told of a gap "${event.reason}", and ${wrong}`
}

export function* recovery(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  for (const { events, subscriber } of channel.lines.values()) {
    let before: Position | undefined
    let announced: SubscribeOk | undefined
    for (const event of events) {
      const events: Array<HistoryEvent> = [event]
      let wrong: string | undefined
      if (event.type === "deliver") {
        before = event.position
        announced = undefined
      } else if (event.type === "gap") {
        // The SDK tells a refused resume twice: by its answer, and by a gap behind it.
        if (announced?.reason !== event.reason) wrong = gapIsFalse(channel, event, before, rules)
        before = event.position
        announced = undefined
      } else if (event.type === "subscribe" && event.phase === "ok") {
        wrong = answerIsFalse(channel, event, rules)
        before = { ...event.position, offset: event.next - 1 }
        announced = event.recovered ? undefined : event
      }
      if (wrong === undefined) continue
      yield { invariant: "I11", explanation: `${channel.name}: ${subscriber} ${wrong}`, events }
    }
  }
}
