/**
 * Drains: appends what channels have pending, one append at a time for each; and the
 * fibers of those that have something to find out first, or a log that takes one.
 */
import type { Failure } from "@weir/core/Failure"
import { TransientMap } from "@weir/flow/TransientMap"
import { Cause, Clock, Effect, Exit, FiberSet, Schedule, type Scope, Semaphore } from "effect"
import type { Moved } from "./domain/Moved.ts"
import type { OwnedChannel } from "./OwnedChannel.ts"
import { LogStore } from "./ports/LogStore.ts"
import { answerMoved, drain, drainNow, ended, refuse, type SequencerDeps } from "./Sequencer.ts"
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
  deps: () => Omit<SequencerDeps, "looks" | "logs" | "clock"> & {
    readonly moved: (shard: Shard) => Moved
  }
): Effect.fn.Return<Drains, never, LogStore | Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<LogStore, void, never>()
  const doubtful = new Set<OwnedChannel>()
  const looks = yield* Semaphore.make(looksAtOnce)
  const logs = yield* LogStore
  const clock = yield* Clock.Clock
  /** To begin once what is at hand is done. */
  let ready: Array<OwnedChannel> = []
  /** For the log's answer, without a fiber. */
  const waiting = new TransientMap<OwnedChannel, OwnedChannel>()
  let closed = false

  let made: (SequencerDeps & ReturnType<typeof deps>) | undefined
  const depsNow = () => {
    made ??= { ...deps(), looks, logs, clock }
    return made
  }

  /** Nothing is being appended any more. */
  const rest = (channel: OwnedChannel): void => {
    const { shard } = channel
    channel.quiet.openUnsafe()
    // What could not be found out now is asked again, whether or not somebody publishes.
    if (channel.isDoubtful) doubtful.add(channel)
    if (!channel.hasPending) return
    // One may have come after the last look, before the fiber ended.
    if (shard.isOurs && !channel.released) start(channel)
    else answerMoved(channel, depsNow().moved(shard))
  }

  /** We stop, and nobody has been answered. */
  const interrupted = (channel: OwnedChannel, cause: Cause.Cause<Failure>): void => {
    channel.quiet.openUnsafe()
    refuse(channel, cause)
  }

  const finish = (channel: OwnedChannel, unknown: Failure | undefined): void => {
    if (!channel.hasPending && !channel.isDoubtful) return rest(channel)
    run(drain(channel, depsNow(), unknown)).addObserver((exit) => {
      if (Exit.isSuccess(exit)) return rest(channel)
      interrupted(channel, exit.cause)
    })
  }

  const begin = (channel: OwnedChannel): void => {
    if (closed) return finish(channel, undefined)
    let isWaiting = true
    const ends = () => {
      isWaiting = false
      waiting.delete(channel)
    }
    drainNow(
      channel,
      depsNow(),
      (unknown) => {
        ends()
        finish(channel, unknown)
      },
      (defect) => {
        ends()
        run(ended(channel, Cause.die(defect)))
        rest(channel)
      }
    )
    if (isWaiting) waiting.set(channel, channel)
  }

  const beginReady = () => {
    const channels = ready
    ready = []
    for (const channel of channels) begin(channel)
  }

  const start = (channel: OwnedChannel): void => {
    const { shard } = channel
    if (!channel.quiet.isOpen() || shard.state !== "owned" || channel.released) return
    if (!channel.hasPending && !channel.isDoubtful) return
    channel.quiet.closeUnsafe()
    if (closed) return begin(channel)
    // What one read has brought is one batch for each channel: to append one by one, where the
    // log answers at once, costs three times as much. And no fiber, which each call would wake.
    if (ready.length === 0) queueMicrotask(beginReady)
    ready.push(channel)
  }

  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      closed = true
      beginReady()
      for (const channel of waiting.takeAll()) interrupted(channel, Cause.interrupt())
    })
  )

  const lookAgain = Effect.sync(() => {
    const some = [...doubtful]
    doubtful.clear()
    for (const channel of some) start(channel)
  })
  yield* Effect.forkScoped(Effect.repeat(lookAgain, Schedule.spaced(doubtPause)))
  return { start }
})
