/**
 * Sequencer: appends a channel's pending messages, batch by batch, then answers
 * and delivers them.
 *
 * Delivery comes after the append: what the log does not have, nobody hears. And
 * where it is not known what the log has, that is found out first.
 */
import { type Failure, failure, failureOf } from "@weir/core/Failure"
import type { Position } from "@weir/core/Position"
import { monotonicMs } from "@weir/flow/Monotonic"
import { Cause, Clock, Effect, Exit, type Semaphore } from "effect"
import type { Moved } from "./domain/Moved.ts"
import type { InFlight, OwnedChannel, Submission } from "./OwnedChannel.ts"
import { type AppendResult, type Fenced, LogStore } from "./ports/LogStore.ts"
import { reconcile } from "./Reconciler.ts"
import { appends, publications } from "./RouterMetrics.ts"
import type { Shard } from "./Shard.ts"

export interface SequencerDeps {
  /** This process has proved lately that it lives; if not, others may act in its place. */
  readonly isAlive: () => boolean
  /** The log knows another term than this one. */
  readonly fenced: (shard: Shard, used: number, seen: number) => void
  /** Takes the shard again under a higher term. */
  readonly renewTerm: (shard: Shard) => Effect.Effect<void, Failure>
  /** Bounds how many logs are looked at at once: after an outage it may be all of them. */
  readonly looks: Semaphore.Semaphore
  /** Something new is on the channel's lanes. */
  readonly delivered: (channel: OwnedChannel) => void
}

/** A look at the log after an append that took its whole time already. */
const lookAgain = "400 millis"

type Appended = AppendResult | Fenced | { readonly _tag: "Unknown"; readonly why: Failure }

const notDurable = failure(
  "not_durable",
  "the publication is kept and delivered, but by fewer replicas than the namespace asks for",
  500
)

const outcomeUnknown = failure(
  "unavailable",
  "the outcome is unknown; give a messageId to have it retried safely",
  100
)

const accept = ({ batch, entries }: InFlight, durable: boolean) => {
  publications(durable ? "ok" : "not_durable").add(batch.length)
  batch.forEach(({ answer }, index) => {
    const { position } = entries[index]!.publication
    answer(durable ? Exit.succeed({ position, duplicate: false }) : Exit.fail(notDurable))
  })
}

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

/** Answers all that is in hand: this router will not append it. */
export const answerMoved = (channel: OwnedChannel, gone: Moved) => {
  const { inFlight } = channel
  for (const { answer, message } of inFlight?.batch ?? []) {
    // It may have been appended after all, and only its id would tell.
    answer(Exit.fail(message.messageId === "" ? outcomeUnknown : gone))
  }
  if (inFlight !== undefined) inFlight.batch = []
  for (const { answer } of channel.takeAll()) answer(Exit.fail(gone))
}

/**
 * Answers what is in flight, and all behind it. After a failure those may come again; after
 * anything else nobody knows more about them than about it.
 */
export const refuse = (channel: OwnedChannel, cause: Cause.Cause<Failure>) => {
  const refused = Cause.hasInterruptsOnly(cause)
    ? failure("unavailable", "the server is stopping")
    : failureOf(cause)
  const { inFlight } = channel
  const first = inFlight?.batch.length ? inFlight.batch : channel.takeBatch()
  // Its entries stay: it is still to be found out whether they are in the log.
  if (inFlight !== undefined) inFlight.batch = []
  const behind = channel.takeAll()
  const refusedBehind = Cause.hasFails(cause)
    ? failure("aborted", "an earlier publication on the channel failed")
    : refused
  publications(refused.code).add(first.length)
  publications(refusedBehind.code).add(behind.length)
  for (const { answer } of first) answer(Exit.fail(refused))
  for (const { answer } of behind) answer(Exit.fail(refusedBehind))
}

/** Appends one batch; why it failed, if it is not known whether it happened. */
const appendBatch = Effect.fnUntraced(function* (
  channel: OwnedChannel,
  batch: ReadonlyArray<Submission>,
  deps: SequencerDeps
): Effect.fn.Return<Failure | undefined, never, LogStore> {
  const logs = yield* LogStore
  const clock = yield* Clock.Clock
  const after = channel.head!
  const { where } = channel
  const entries = channel.encode(batch, after, clock.currentTimeMillisUnsafe())
  const inFlight: InFlight = { batch, entries }
  channel.inFlight = inFlight
  const result: Appended = yield* logs.append({ ...where, after, entries }).pipe(
    Effect.catchTag("Failure", (why) => Effect.succeed({ _tag: "Unknown" as const, why })),
    Effect.catchTag("Fenced", (fenced) => Effect.succeed(fenced))
  )
  appends(result._tag === "Appended" ? "ok" : result._tag.toLowerCase()).add()
  if (result._tag === "Unknown") {
    channel.doubt()
    return result.why
  }
  channel.inFlight = undefined
  // Nothing, if the shard was given up meanwhile.
  const unanswered = inFlight.batch
  switch (result._tag) {
    case "Appended":
      channel.deliver(entries, monotonicMs(clock))
      deps.delivered(channel)
      accept(inFlight, result.durable)
      return undefined
    case "Duplicates": {
      // One that was given up as unknown has happened after all, and nobody has heard of it;
      // or the log is another one.
      const isElsewhere = [...result.positions.values()].some(
        ({ epoch, offset }) => epoch !== after.epoch || offset > after.offset
      )
      if (isElsewhere) {
        channel.putBack(unanswered)
        channel.doubt()
      } else {
        settleDuplicates(channel, unanswered, result.positions, result.durable)
      }
      return undefined
    }
    case "Mismatch":
      yield* Effect.logWarning("the log is not where this owner left it", {
        channel: channel.name,
        was: after,
        is: result.head
      })
      channel.putBack(unanswered)
      channel.doubt()
      return undefined
    case "Fenced":
      channel.putBack(unanswered)
      deps.fenced(channel.shard, where.term, result.term)
      return undefined
  }
})

/**
 * Runs until nothing is pending and nothing in doubt, the shard is not owned any more, or
 * something failed. One at a time for each channel.
 */
export const drain = Effect.fnUntraced(function* (channel: OwnedChannel, deps: SequencerDeps) {
  const clock = yield* Clock.Clock
  /** Why the append before this one is not known to have happened; nothing once it is. */
  let unknown: Failure | undefined
  /** Appends in a row that did not happen. */
  let failures = 0

  const decided = (inFlight: InFlight, happened: boolean) => {
    if (!happened) return channel.putBack(inFlight.batch)
    unknown = undefined
    channel.deliver(inFlight.entries, monotonicMs(clock))
    deps.delivered(channel)
    accept(inFlight, channel.namespace.durableReplicas === 0)
  }

  const settle = Effect.suspend(() => {
    if (channel.head !== undefined && !channel.isDoubtful) return Effect.void
    const reconciled = deps.looks.withPermit(
      reconcile(channel, { decided, renewTerm: deps.renewTerm })
    )
    const why = unknown
    if (why === undefined) return reconciled
    const inTime = Effect.timeoutOrElse(reconciled, {
      duration: lookAgain,
      orElse: () => Effect.fail(why)
    })
    // It did not happen. Once that may be an accident; twice, the log refuses to append.
    return Effect.andThen(inTime, () =>
      unknown !== undefined && ++failures > 1 ? Effect.fail(why) : Effect.void
    )
  })

  const round = Effect.gen(function* () {
    const { term } = channel.shard
    yield* settle.pipe(
      Effect.catchTag("Fenced", (fenced) =>
        Effect.sync(() => deps.fenced(channel.shard, term, fenced.term))
      )
    )
    unknown = undefined
    if (channel.isDoubtful || channel.head === undefined) return
    if (channel.namespace.logged && !deps.isAlive()) {
      return yield* failure("unavailable", "this router cannot reach the log", 500)
    }
    const batch = channel.takeBatch()
    if (batch.length === 0) return
    unknown = yield* appendBatch(channel, batch, deps)
    if (unknown === undefined) failures = 0
  })

  const isOurs = () => channel.shard.state === "owned" && !channel.released
  while (isOurs() && (channel.hasPending || channel.isDoubtful)) {
    const isOver = yield* round.pipe(
      Effect.as(false),
      Effect.onError((cause) => Effect.sync(() => refuse(channel, cause))),
      Effect.catch(() => Effect.succeed(true)),
      Effect.catchDefect((defect) => {
        // It may have been appended all the same, or delivered to some.
        channel.doubt()
        return Effect.as(
          Effect.logError("an append died", { channel: channel.name }, Cause.die(defect)),
          true
        )
      })
    )
    if (isOver) return
  }
})
