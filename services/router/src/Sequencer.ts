/**
 * Sequencer: appends a channel's pending messages, batch by batch, then answers
 * and delivers them.
 *
 * Delivery comes after the append: what the log does not have, nobody hears. And
 * where it is not known what the log has, that is found out first.
 */
import { type Failure, failure, failureOf } from "@weir/core/Failure"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { Cause, Clock, Effect, Exit } from "effect"
import { monotonicMs } from "./Monotonic.ts"
import type { OwnedChannel, Submission } from "./OwnedChannel.ts"
import { type AppendResult, type Fenced, LogStore } from "./ports/LogStore.ts"
import { type ReconcilerDeps, reconcile } from "./Reconciler.ts"
import { appends, publications } from "./RouterMetrics.ts"
import type { Shard } from "./Shard.ts"

export interface SequencerDeps extends ReconcilerDeps {
  /** This process has proved lately that it lives; if not, others may act in its place. */
  readonly isAlive: () => boolean
  /** The log knows another term than this one. */
  readonly fenced: (shard: Shard, used: number, seen: number) => void
  /** Something new is on the channel's lanes. */
  readonly delivered: (channel: OwnedChannel) => void
}

/** A look at the log after an append that took its whole time already. */
const lookAgain = "400 millis"

type Appended = AppendResult | Fenced | { readonly _tag: "Unknown"; readonly why: Failure }

/** Answers the known ones with their first position; the others wait for the next round. */
const settleDuplicates = (
  channel: OwnedChannel,
  batch: ReadonlyArray<Submission>,
  positions: ReadonlyMap<number, Position>,
  durable: boolean
) => {
  channel.putBack(batch.filter((_, index) => !positions.has(index)))
  for (const [index, position] of positions) {
    publications("duplicate").add()
    batch[index]?.answer(
      durable ? Exit.succeed({ position, duplicate: true }) : Exit.fail(notDurable)
    )
  }
}

const notDurable = failure(
  "not_durable",
  "the publication is kept and delivered, but by fewer replicas than the namespace asks for",
  500
)

const accept = (
  batch: ReadonlyArray<Submission>,
  entries: ReadonlyArray<EncodedPublication>,
  durable: boolean
) => {
  publications(durable ? "ok" : "not_durable").add(entries.length)
  batch.forEach(({ answer }, index) => {
    const { position } = entries[index]!.publication
    answer(durable ? Exit.succeed({ position, duplicate: false }) : Exit.fail(notDurable))
  })
}

/** What is known of an append that ended without an answer, or with an unexpected one. */
const settle = Effect.fnUntraced(function* (
  channel: OwnedChannel,
  batch: ReadonlyArray<Submission>,
  entries: ReadonlyArray<EncodedPublication>,
  why: Failure,
  deps: SequencerDeps
) {
  channel.doubt()
  const happened = yield* reconcile(channel, deps).pipe(
    Effect.timeoutOrElse({ duration: lookAgain, orElse: () => Effect.fail(why) })
  )
  if (happened) accept(batch, entries, channel.namespace.durableReplicas === 0)
  else channel.putBack(batch)
})

const appendBatch = Effect.fnUntraced(function* (
  channel: OwnedChannel,
  batch: ReadonlyArray<Submission>,
  deps: SequencerDeps
) {
  const logs = yield* LogStore
  const clock = yield* Clock.Clock
  if (channel.namespace.logged && !deps.isAlive()) {
    return yield* failure("unavailable", "this router cannot reach the log", 500)
  }
  const after = channel.head!
  const { where } = channel
  const entries = channel.encode(batch, after, clock.currentTimeMillisUnsafe())
  channel.inFlight = entries
  const result: Appended = yield* logs.append({ ...where, after, entries }).pipe(
    Effect.catchTag("Failure", (why) => Effect.succeed({ _tag: "Unknown" as const, why })),
    Effect.catchTag("Fenced", (fenced) => Effect.succeed(fenced))
  )
  appends(result._tag === "Appended" ? "ok" : result._tag.toLowerCase()).add()
  switch (result._tag) {
    case "Appended":
      channel.deliver(entries, monotonicMs(clock))
      deps.delivered(channel)
      return accept(batch, entries, result.durable)
    case "Duplicates": {
      channel.inFlight = []
      // One that was given up as unknown has happened after all, and nobody has heard of it.
      const isAhead = [...result.positions.values()].some(({ offset }) => offset > after.offset)
      if (isAhead) {
        channel.putBack(batch)
        return channel.doubt()
      }
      return settleDuplicates(channel, batch, result.positions, result.durable)
    }
    case "Mismatch":
      yield* Effect.logWarning("the log is not where this owner left it", {
        channel: channel.name,
        was: after,
        is: result.head
      })
      channel.inFlight = []
      channel.putBack(batch)
      return channel.doubt()
    case "Fenced":
      channel.inFlight = []
      channel.putBack(batch)
      return deps.fenced(channel.shard, where.term, result.term)
    case "Unknown":
      return yield* settle(channel, batch, entries, result.why, deps)
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

/** The head that the next append follows, once it is certain. */
const certainHead = (channel: OwnedChannel, deps: SequencerDeps) =>
  channel.head !== undefined && !channel.isDoubtful ? Effect.void : reconcile(channel, deps)

/**
 * Runs until nothing is pending and nothing in doubt, or the shard is not owned any more.
 * One at a time for each channel.
 */
export const drain = Effect.fnUntraced(function* (channel: OwnedChannel, deps: SequencerDeps) {
  const isOurs = () => channel.shard.state === "owned" && !channel.released
  while (isOurs() && (channel.hasPending || channel.isDoubtful)) {
    let batch: ReadonlyArray<Submission> = []
    const { term } = channel.shard
    const round = Effect.gen(function* () {
      yield* certainHead(channel, deps)
      batch = channel.takeBatch()
      if (batch.length > 0) yield* appendBatch(channel, batch, deps)
    }).pipe(
      Effect.catchTag("Fenced", (fenced) =>
        Effect.sync(() => {
          if (batch.length > 0) channel.putBack(batch)
          deps.fenced(channel.shard, term, fenced.term)
        })
      )
    )
    yield* round.pipe(
      Effect.onError((cause) =>
        Effect.sync(() => refuse(channel, batch.length > 0 ? batch : channel.takeBatch(), cause))
      ),
      Effect.catch(() => Effect.void),
      Effect.catchDefect((defect) => {
        // It may have been appended all the same, or delivered to some.
        channel.doubt()
        return Effect.logError("an append died", { channel: channel.name }, Cause.die(defect))
      })
    )
    // Nobody waits any more. What is in doubt stays so until somebody asks, or the log is back.
    if (!channel.hasPending) return
  }
})
