/**
 * Published: I1 and I2. What anybody saw was published, and did not certainly fail.
 */
import type { ChannelHistory, Entry, Publication } from "./ChannelHistory.ts"
import { keyOf } from "./ChannelHistory.ts"
import type { Violation } from "./Violation.ts"

/** Refused for certain each time it was tried. */
export const failedForCertain = ({ fails, invokes, ok }: Publication): boolean =>
  ok === undefined && fails === invokes

const nameOf = ({ event, messageId, offset }: Entry): string => {
  const who = event.type === "deliver" ? `${event.subscriber} got` : "the log holds"
  return `${who} ${messageId} at ${offset}`
}

export function* published(channel: ChannelHistory): Generator<Violation> {
  for (const entry of channel.entries()) {
    const { event } = entry
    const publication = channel.publications.get(keyOf(entry))
    const what = `${channel.name}: ${nameOf(entry)}`
    if (publication === undefined) {
      const explanation = `${what}, which ${entry.publisher} never published`
      yield { invariant: "I1", explanation, events: [event] }
      continue
    }
    const { invoked, last } = publication
    if (entry.sha !== invoked.sha) {
      const explanation = `${what} with other bytes than ${publication.process} published`
      yield { invariant: "I1", explanation, events: [invoked, event] }
    }
    if (event.t < invoked.t) {
      const explanation = `${what} before ${publication.process} published it`
      yield { invariant: "I1", explanation, events: [event, invoked] }
    }
    if (failedForCertain(publication)) {
      const explanation = `${what}, though it failed for certain`
      yield { invariant: "I2", explanation, events: [invoked, last, event] }
    }
  }
}
