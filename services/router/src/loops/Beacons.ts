/**
 * Beacons: says once more where a channel stands, behind its publications.
 *
 * A connector finds a hole when the next publication comes. Of the last one
 * there is no next: so 1 s and 3 s after it the channel's head travels on its
 * own lane, and then no more. What stands still costs nothing.
 */
import { monotonicMs } from "@weir/flow/Monotonic"
import { type Clock, Effect } from "effect"
import type { OwnedChannel } from "../OwnedChannel.ts"
import { beacons } from "../RouterMetrics.ts"

const dueAfterMs = [1_000, 3_000] as const

const tick = "250 millis"

export class Beacons {
  /** How many beacons have been sent since the channel's newest publication. */
  readonly #sent = new Map<OwnedChannel, { deliveredAt: number; count: number }>()

  /** Something was delivered on the channel. */
  delivered(channel: OwnedChannel): void {
    if (!this.#sent.has(channel)) this.#sent.set(channel, { deliveredAt: 0, count: 0 })
  }

  send(nowMs: number): void {
    for (const [channel, sent] of this.#sent) {
      const { deliveredAt, head, lanes, name } = channel
      if (channel.released || head === undefined) {
        this.#sent.delete(channel)
        continue
      }
      if (sent.deliveredAt !== deliveredAt) {
        sent.deliveredAt = deliveredAt
        sent.count = 0
      }
      if (nowMs - deliveredAt < dueAfterMs[sent.count]!) continue
      beacons.add(lanes.size)
      for (const lane of lanes) lane.pushBeacon(name, head)
      sent.count++
      if (sent.count === dueAfterMs.length) this.#sent.delete(channel)
    }
  }
}

export const run = (beacons: Beacons) =>
  Effect.clockWith((clock: Clock.Clock) =>
    Effect.sync(() => beacons.send(monotonicMs(clock))).pipe(
      Effect.andThen(Effect.sleep(tick)),
      Effect.forever
    )
  )
