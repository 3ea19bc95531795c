/**
 * Reconciler: finds out where a channel's log is after an answer that was lost
 * or unexpected, and mends what can be mended, before anything else is answered.
 */
import { type Failure, failure } from "@weir/core/Failure"
import { Clock, Effect } from "effect"
import { decide } from "./domain/Reconcile.ts"
import { monotonicMs } from "./Monotonic.ts"
import type { OwnedChannel } from "./OwnedChannel.ts"
import { type Fenced, LogStore } from "./ports/LogStore.ts"
import { reconciliations, repaired } from "./RouterMetrics.ts"
import type { Shard } from "./Shard.ts"

/** Of one append, as everywhere. */
const repairBatch = 256

/**
 * Looks once, mends, and looks again: a repair may meet another loss. More often than this
 * in a row something else is wrong, and the next publication tries again.
 */
const maxRounds = 8

export interface ReconcilerDeps {
  /** Takes the shard again under a higher term. */
  readonly renewTerm: (shard: Shard) => Effect.Effect<void, Failure>
}

/** Writes again what follows an offset, exactly as it was first written. */
const repair = Effect.fnUntraced(function* (channel: OwnedChannel, offset: number) {
  const logs = yield* LogStore
  const lost = channel.recent?.after(offset) ?? []
  let written = 0
  for (let start = 0; start < lost.length; start += repairBatch) {
    const entries = lost.slice(start, start + repairBatch)
    const { epoch } = channel.head!
    const before = entries[0]!.publication.position.offset - 1
    const after = { epoch, offset: before, term: channel.recent!.termAt(before)! }
    const result = yield* logs.append({ ...channel.where, after, entries })
    if (result._tag !== "Appended") break
    written += entries.length
  }
  repaired.add(written)
  yield* Effect.logWarning("the log had lost a tail; it is written again", {
    channel: channel.name,
    after: offset,
    publications: written
  })
})

/**
 * True: what was in flight has happened, and is delivered. False: it has not. Afterwards
 * the log is where `channel.head` says.
 */
export const reconcile = Effect.fnUntraced(function* (
  channel: OwnedChannel,
  { renewTerm }: ReconcilerDeps
): Effect.fn.Return<boolean, Failure | Fenced, LogStore> {
  const logs = yield* LogStore
  const clock = yield* Clock.Clock
  for (let round = 0; round < maxRounds; round++) {
    const log = yield* logs.head(channel.where)
    if (channel.head === undefined) {
      channel.startAt(log.head, log.publishedAt)
      channel.settled.openUnsafe()
      return false
    }
    const plan = decide(
      {
        head: channel.head,
        inFlight: channel.inFlight.at(-1)?.publication.position,
        termAt: (offset) => channel.recent?.termAt(offset)
      },
      log.head
    )
    reconciliations(plan).add()
    switch (plan) {
      case "same":
        channel.inFlight = []
        channel.settled.openUnsafe()
        return false
      case "appended":
        channel.deliver(channel.inFlight, monotonicMs(clock))
        channel.settled.openUnsafe()
        return true
      case "repair":
        yield* repair(channel, log.head.offset)
        break
      case "rollBack":
        yield* Effect.logWarning("the log has lost what nobody here remembers", {
          channel: channel.name,
          was: channel.head,
          is: log.head
        })
        yield* renewTerm(channel.shard)
        channel.goOnAt(log.head, log.publishedAt)
        break
      case "renew": {
        const begun = yield* logs.renew(channel.where, log.head.epoch)
        channel.goOnAt(begun.head, begun.publishedAt)
        break
      }
      case "follow":
        channel.goOnAt(log.head, log.publishedAt)
        break
    }
  }
  return yield* failure("unavailable", "the channel's log does not come to rest", 500)
})
