/**
 * Reconciler: finds out where a channel's log is after an answer that was lost
 * or unexpected, and mends what can be mended, before anything else is answered.
 */
import { type Failure, failure } from "@weir/core/Failure"
import { Effect } from "effect"
import { decide } from "./domain/Reconcile.ts"
import type { InFlight, OwnedChannel } from "./OwnedChannel.ts"
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
  /** It is known now whether what was in flight happened. */
  readonly decided: (inFlight: InFlight, happened: boolean) => void
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
 * Afterwards the log is where `channel.head` says, and of what was in flight it is decided
 * whether it happened.
 */
export const reconcile = Effect.fnUntraced(function* (
  channel: OwnedChannel,
  { decided, renewTerm }: ReconcilerDeps
): Effect.fn.Return<void, Failure | Fenced, LogStore> {
  const logs = yield* LogStore
  for (let round = 0; round < maxRounds; round++) {
    const log = yield* logs.head(channel.where)
    if (channel.head === undefined) channel.startAt(log.head, log.publishedAt)
    const { head, inFlight } = channel
    const plan = decide(
      {
        head: head!,
        inFlight: inFlight?.entries.at(-1)?.publication.position,
        termAt: (offset) => channel.recent?.termAt(offset)
      },
      log.head
    )
    reconciliations(plan).add()
    switch (plan) {
      case "same":
      case "appended":
        channel.inFlight = undefined
        if (inFlight !== undefined) decided(inFlight, plan === "appended")
        channel.settled.openUnsafe()
        return
      case "repair":
        yield* repair(channel, log.head.offset)
        break
      case "rollBack":
        yield* Effect.logWarning("the log has lost what nobody here remembers", {
          channel: channel.name,
          was: head,
          is: log.head
        })
        yield* renewTerm(channel.shard)
        channel.restartAt(log.head, log.publishedAt, "rolled_back")
        break
      case "renew": {
        const begun = yield* logs.renew(channel.where, log.head.epoch)
        channel.restartAt(begun.head, begun.publishedAt, "epoch_changed")
        break
      }
      case "follow":
        if (log.head.epoch === head!.epoch) channel.goOnAt(log.head, log.publishedAt)
        else channel.restartAt(log.head, log.publishedAt, "epoch_changed")
        break
    }
  }
  return yield* failure("unavailable", "the channel's log does not come to rest", 500)
})
