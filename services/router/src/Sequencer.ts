/**
 * Sequencer: appends a channel's pending messages, batch by batch, then answers
 * and delivers them.
 *
 * Delivery comes after the append: what the log does not have, nobody hears.
 */
import { failure } from "@weir/core/Failure"
import type { Position } from "@weir/core/Position"
import { Clock, Effect, Exit } from "effect"
import type { OwnedChannel, Submission } from "./OwnedChannel.ts"
import { LogStore } from "./ports/LogStore.ts"
import { publications } from "./RouterMetrics.ts"

const headOf = Effect.fnUntraced(function* (channel: OwnedChannel) {
  if (channel.head !== undefined) return channel.head
  const logs = yield* LogStore
  const atEnd = { _tag: "After", offset: Number.MAX_SAFE_INTEGER - 1 } as const
  const { head, publishedAt } = yield* logs.read(
    { channel: channel.name, namespace: channel.namespace },
    atEnd,
    0
  )
  channel.head = head
  channel.publishedAt = publishedAt
  return head
})

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
      channel.putBack(batch)
      channel.head = undefined
      for (const lane of channel.lanes) lane.reconsider(name)
      return yield* Effect.logWarning("log is not where this owner left it; reading it again", {
        channel: name,
        head: result.head
      })
    }
  }
})

/** Runs until nothing is pending. One at a time for each channel. */
export const drain = Effect.fnUntraced(function* (channel: OwnedChannel, term: number) {
  while (channel.hasPending) {
    const batch = channel.takeBatch()
    yield* appendBatch(channel, batch, term).pipe(
      Effect.catch((refused) =>
        Effect.sync(() => {
          publications(refused.code).add(batch.length)
          for (const { answer } of batch) answer(Exit.fail(refused))
          const behind = channel.takeAll()
          const aborted = failure("aborted", "an earlier publication on the channel failed")
          publications("aborted").add(behind.length)
          for (const { answer } of behind) answer(Exit.fail(aborted))
        })
      )
    )
  }
})
