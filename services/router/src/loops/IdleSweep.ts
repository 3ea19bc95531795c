/**
 * IdleSweep: lets go of channels that nobody uses, and in the others of what is too
 * old, every so often.
 */
import { monotonicMs } from "@weir/flow/Monotonic"
import { Clock, Effect, Schedule } from "effect"
import type { OwnedChannel } from "../OwnedChannel.ts"
import type { Ownership } from "../Ownership.ts"
import { LogStore } from "../ports/LogStore.ts"
import { channels } from "../RouterMetrics.ts"

/** Long enough that a client which lost its network for a while finds its epoch again. */
const idleMs = 10 * 60 * 1000

const isBusy = ({ hasPending, isDoubtful, lanes, quiet }: OwnedChannel): boolean =>
  lanes.size > 0 || hasPending || isDoubtful || !quiet.isOpen()

/** One round over all channels. */
export const sweep = Effect.fnUntraced(function* ({ isAlive, shards }: Ownership) {
  const logs = yield* LogStore
  const now = monotonicMs(yield* Clock.Clock)
  // A copy: one that is put back must not come round again.
  for (const channel of [...shards.channels()]) {
    const { name, shard } = channel
    const held = shards.channelsOf(shard)
    // While the log is away, what was appended shortly before that is as good as new.
    if (isAlive()) channel.recent?.prune(now)
    if (isBusy(channel) || now - channel.usedAt < idleMs) {
      yield* logs.trim(name)
      continue
    }
    // Gone before the log is asked: whoever comes meanwhile makes a channel that stays.
    held.delete(name)
    channels.add(-1)
    channel.released = true
    if ((yield* logs.forget(name)) || held.has(name) || !shard.isOurs) continue
    channel.released = false
    held.set(name, channel)
    channels.add(1)
  }
})

export const run = (forgetIdle: Effect.Effect<void>) =>
  Effect.repeat(forgetIdle, Schedule.spaced("30 seconds"))
