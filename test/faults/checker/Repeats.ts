/**
 * Repeats: I12. What comes twice: allowed as a frame, not to a callback.
 */
import type { Delivered } from "../history/History.ts"
import { type ChannelHistory, keyOf, type Line } from "./ChannelHistory.ts"
import type { Rules, Violation } from "./Violation.ts"

function* repeatsOf(line: Line, via: Delivered["via"]): Generator<readonly [Delivered, Delivered]> {
  const seen = new Map<string, Delivered>()
  for (const event of line.events) {
    if (event.type !== "deliver" || event.via !== via) continue
    const key = keyOf(event)
    const first = seen.get(key)
    if (first === undefined) seen.set(key, event)
    else yield [first, event]
  }
}

/** How many frames brought what another had brought. */
export const wireRepeats = (channel: ChannelHistory): number => {
  let count = 0
  for (const line of channel.lines.values()) {
    if (line.vias.has("wire")) for (const _ of repeatsOf(line, "wire")) count++
  }
  return count
}

export function* onceInCallback(channel: ChannelHistory, rules: Rules): Generator<Violation> {
  for (const line of channel.lines.values()) {
    if (!line.vias.has("callback")) continue
    for (const [first, again] of repeatsOf(line, "callback")) {
      if (again.t - first.t > rules.window) continue
      const explanation = `${channel.name}: ${line.subscriber}'s callback saw ${again.messageId} twice, at ${first.position.offset} and ${again.position.offset}`
      yield { invariant: "I12", explanation, events: [first, again] }
    }
  }
}
