/**
 * Drains: the fibers that append, one for each channel that has something to append
 * or to find out, and none for any other.
 */
import { Effect, Exit, FiberSet, Schedule, type Scope, Semaphore } from "effect"
import type { Moved } from "./domain/Moved.ts"
import type { OwnedChannel } from "./OwnedChannel.ts"
import type { LogStore } from "./ports/LogStore.ts"
import { answerMoved, drain, refuse, type SequencerDeps } from "./Sequencer.ts"
import type { Shard } from "./Shard.ts"

/** Between two looks at channels of which it is not known where their log is. */
const doubtPause = "500 millis"

/** Logs that are looked at at once, after an outage or whenever many are in doubt. */
const looksAtOnce = 64

export interface Drains {
  /** The channel has something to do. */
  readonly start: (channel: OwnedChannel) => void
}

/** `deps` are asked for when the first drain begins: whoever makes them needs drains, too. */
export const make = Effect.fnUntraced(function* (
  deps: () => Omit<SequencerDeps, "looks"> & { readonly moved: (shard: Shard) => Moved }
): Effect.fn.Return<Drains, never, LogStore | Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<LogStore, void, never>()
  const doubtful = new Set<OwnedChannel>()
  const looks = yield* Semaphore.make(looksAtOnce)

  const start = (channel: OwnedChannel): void => {
    const { shard } = channel
    if (!channel.quiet.isOpen() || shard.state !== "owned" || channel.released) return
    if (!channel.hasPending && !channel.isDoubtful) return
    channel.quiet.closeUnsafe()
    run(drain(channel, { ...deps(), looks })).addObserver((exit) => {
      channel.quiet.openUnsafe()
      // Ended before it began, which is how it goes once we stop, it has answered nobody.
      if (Exit.isFailure(exit)) return refuse(channel, exit.cause)
      // What could not be found out now is asked again, whether or not somebody publishes.
      if (channel.isDoubtful) doubtful.add(channel)
      if (!channel.hasPending) return
      // One may have come after the last look, before the fiber ended.
      if (shard.isOurs && !channel.released) start(channel)
      else answerMoved(channel, deps().moved(shard))
    })
  }

  const lookAgain = Effect.sync(() => {
    const some = [...doubtful]
    doubtful.clear()
    for (const channel of some) start(channel)
  })
  yield* Effect.forkScoped(Effect.repeat(lookAgain, Schedule.spaced(doubtPause)))
  return { start }
})
