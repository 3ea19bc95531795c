/**
 * Sequencer: appends a channel's pending messages, batch by batch, then answers
 * and delivers them.
 *
 * Delivery comes after the append: what the log does not have, nobody hears.
 */
import { type Failure, failure, failureOf } from "@weir/core/Failure"
import type { Position } from "@weir/core/Position"
import { Cause, Clock, Effect, Exit } from "effect"
import type { OwnedChannel, Submission } from "./OwnedChannel.ts"
import { LogStore } from "./ports/LogStore.ts"
import { publications } from "./RouterMetrics.ts"

const headOf = Effect.fnUntraced(function* (channel: OwnedChannel) {
  if (channel.head !== undefined) return channel.head
  const logs = yield* LogStore
  const { name, namespace } = channel
  const { head, publishedAt } = yield* logs.head({ channel: name, namespace })
  channel.head = head
  channel.publishedAt = publishedAt
  return head
})

/** The log may not be what the lanes were given: both are read again. */
const forgetHead = (channel: OwnedChannel) => {
  channel.head = undefined
  for (const lane of channel.lanes) lane.reconsider(channel.name)
}

/** Answers the known ones with their first position; the others wait for the next round. */
const settleDuplicates = (
  channel: OwnedChannel,
  batch: ReadonlyArray<Submission>,
  positions: ReadonlyMap<number, Position>
) => {
  channel.putBack(batch.filter((_, index) => !positions.has(index)))
  for (const [index, position] of positions) {
    publications("duplicate").add()
    batch[index]?.answer(Exit.succeed({ position, duplicate: true }))
  }
}

const appendBatch = Effect.fnUntraced(function* (
  channel: OwnedChannel,
  batch: ReadonlyArray<Submission>,
  term: number
) {
  const logs = yield* LogStore
  const after = yield* headOf(channel)
  const entries = channel.encode(batch, after, term, yield* Clock.currentTimeMillis)
  const { name, namespace } = channel
  const result = yield* logs.append({ channel: name, namespace, after, entries })
  switch (result._tag) {
    case "Appended": {
      channel.deliver(entries)
      publications("ok").add(entries.length)
      batch.forEach(({ answer }, index) => {
        answer(Exit.succeed({ position: entries[index]!.publication.position, duplicate: false }))
      })
      return
    }
    case "Duplicates":
      return settleDuplicates(channel, batch, result.positions)
    case "Mismatch": {
      forgetHead(channel)
      yield* Effect.logWarning("log is not where this owner left it; reading it again", {
        channel: name,
        head: result.head
      })
      // Last: until then the batch is in flight, and answered if this ends here.
      return channel.putBack(batch)
    }
  }
})

/**
 * Answers a batch whose append did not end well, and all behind it. After a failure
 * those may come again; after anything else nobody knows more about them than about it.
 */
export const refuse = (
  channel: OwnedChannel,
  batch: ReadonlyArray<Submission>,
  cause: Cause.Cause<Failure>
) => {
  const refused = Cause.hasInterruptsOnly(cause)
    ? failure("unavailable", "the owner is stopping")
    : failureOf(cause)
  const behind = channel.takeAll()
  const refusedBehind = Cause.hasFails(cause)
    ? failure("aborted", "an earlier publication on the channel failed")
    : refused
  publications(refused.code).add(batch.length)
  publications(refusedBehind.code).add(behind.length)
  for (const { answer } of batch) answer(Exit.fail(refused))
  for (const { answer } of behind) answer(Exit.fail(refusedBehind))
}

/** Runs until nothing is pending. One at a time for each channel. */
export const drain = Effect.fnUntraced(function* (channel: OwnedChannel, term: number) {
  while (channel.hasPending) {
    const batch = channel.takeBatch()
    yield* appendBatch(channel, batch, term).pipe(
      Effect.onError((cause) => Effect.sync(() => refuse(channel, batch, cause))),
      Effect.catch(() => Effect.void),
      Effect.catchDefect((defect) => {
        // It may have been appended all the same, or delivered to some.
        forgetHead(channel)
        return Effect.logError("an append died", { channel: channel.name }, Cause.die(defect))
      })
    )
  }
})
