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
import { Cause, type Clock, Effect, Exit, type Semaphore } from "effect"
import type { Moved } from "./domain/Moved.ts"
import type { InFlight, OwnedChannel, Submission } from "./OwnedChannel.ts"
import type { Append, AppendResult, Fenced, LogStore } from "./ports/LogStore.ts"
import { reconcile } from "./Reconciler.ts"
import { appends, publications } from "./RouterMetrics.ts"
import type { Shard } from "./Shard.ts"

export interface SequencerDeps {
  readonly logs: LogStore["Service"]
  readonly clock: Clock.Clock
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

interface Begun {
  readonly inFlight: InFlight
  readonly asked: Append
}

const isOurs = ({ released, shard }: OwnedChannel) => shard.state === "owned" && !released

const isSettled = (channel: OwnedChannel) => channel.head !== undefined && !channel.isDoubtful

/** Nobody knows that this router lives: another may own its logs already. */
const isSuspended = ({ namespace }: OwnedChannel, deps: SequencerDeps) =>
  namespace.logged && !deps.isAlive()

/** Takes the next batch, which is there. */
const begin = (channel: OwnedChannel, nowMillis: number): Begun => {
  const after = channel.head!
  const batch = channel.takeBatch()
  const entries = channel.encode(batch, after, nowMillis)
  const inFlight: InFlight = { batch, entries }
  channel.inFlight = inFlight
  const { name, namespace, shard } = channel
  return { inFlight, asked: { channel: name, namespace, term: shard.term, after, entries } }
}

/** Acts on what became of a batch; why, if it is not known whether it happened. */
const end = (
  channel: OwnedChannel,
  { asked: { after, entries, term }, inFlight }: Begun,
  result: Appended,
  deps: SequencerDeps
): Failure | undefined => {
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
      channel.deliver(entries, monotonicMs(deps.clock))
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
      channel.putBack(unanswered)
      channel.doubt()
      return undefined
    case "Fenced":
      channel.putBack(unanswered)
      deps.fenced(channel.shard, term, result.term)
      return undefined
  }
}

const append = Effect.fnUntraced(function* (channel: OwnedChannel, deps: SequencerDeps) {
  const begun = begin(channel, deps.clock.currentTimeMillisUnsafe())
  const result: Appended = yield* Effect.catch(deps.logs.append(begun.asked), (refused) =>
    Effect.succeed(refused._tag === "Fenced" ? refused : { _tag: "Unknown" as const, why: refused })
  )
  if (result._tag === "Mismatch") {
    yield* Effect.logWarning("the log is not where this owner left it", {
      channel: channel.name,
      was: begun.asked.after,
      is: result.head
    })
  }
  return end(channel, begun, result, deps)
})

const appendedOf = (exit: Exit.Exit<AppendResult, Failure | Fenced>): Appended => {
  if (Exit.isSuccess(exit)) return exit.value
  const refused = exit.cause.reasons.find(Cause.isFailReason)?.error
  if (refused === undefined) throw Cause.squash(exit.cause)
  return refused._tag === "Fenced" ? refused : { _tag: "Unknown", why: refused }
}

/** It waits for the log's answer, or rests: with why, if nobody knows whether the last one happened. */
type Progress = "waiting" | Failure | undefined

/**
 * Appends what is pending, without a fiber, for as long as all goes well: a fiber for each
 * channel and turn costs as much as all else at a log in memory, and a sixth of what a router
 * needs for one publication into Redis. Then calls `rest`, or `died`, once. What is left is
 * for `drain`.
 */
export const drainNow = (
  channel: OwnedChannel,
  deps: SequencerDeps,
  rest: (unknown: Failure | undefined) => void,
  died: (defect: unknown) => void
): void => {
  const appendThen = deps.logs.appendThen?.(channel.namespace)
  if (appendThen === undefined) return rest(undefined)

  const appendReady = (): Progress => {
    while (
      isOurs(channel) &&
      channel.hasPending &&
      isSettled(channel) &&
      !isSuspended(channel, deps)
    ) {
      const now = deps.clock.currentTimeMillisUnsafe()
      const begun = begin(channel, now)
      let progress: Progress = "waiting"
      let isLater = false
      appendThen(begun.asked, now, (exit) => {
        const decide = () => end(channel, begun, appendedOf(exit), deps)
        if (isLater) goOn(() => decide() ?? appendReady())
        else progress = decide()
      })
      isLater = true
      if (progress !== undefined) return progress
    }
    return undefined
  }
  const goOn = (step: () => Progress): void => {
    let progress: Progress
    try {
      progress = step()
    } catch (defect) {
      return died(defect)
    }
    if (progress !== "waiting") rest(progress)
  }
  goOn(appendReady)
}

const appendAll = Effect.fnUntraced(function* (
  channel: OwnedChannel,
  deps: SequencerDeps,
  before: Failure | undefined
) {
  const { clock } = deps
  /** Why the append before this one is not known to have happened; nothing once it is. */
  let unknown = before
  /** Appends in a row that did not happen. */
  let failures = 0

  const decided = (inFlight: InFlight, happened: boolean) => {
    if (!happened) return channel.putBack(inFlight.batch)
    unknown = undefined
    channel.deliver(inFlight.entries, monotonicMs(clock))
    deps.delivered(channel)
    accept(inFlight, channel.namespace.durableReplicas === 0)
  }

  const settle = Effect.fnUntraced(function* () {
    const { term } = channel.shard
    const why = unknown
    const reconciled = deps.looks.withPermit(
      reconcile(channel, { decided, renewTerm: deps.renewTerm })
    )
    const settled =
      why === undefined
        ? reconciled
        : reconciled.pipe(
            Effect.timeoutOrElse({ duration: lookAgain, orElse: () => Effect.fail(why) }),
            // It did not happen. Once that may be an accident; twice, the log refuses to append.
            Effect.andThen(() =>
              unknown !== undefined && ++failures > 1 ? Effect.fail(why) : Effect.void
            )
          )
    yield* Effect.catchTag(settled, "Fenced", (fenced) =>
      Effect.sync(() => deps.fenced(channel.shard, term, fenced.term))
    )
    unknown = undefined
  })

  while (isOurs(channel) && (channel.hasPending || channel.isDoubtful)) {
    if (!isSettled(channel)) yield* settle()
    if (!isSettled(channel)) continue
    if (isSuspended(channel, deps)) {
      return yield* failure("unavailable", "this router cannot reach the log", 500)
    }
    if (!channel.hasPending) continue
    unknown = yield* append(channel, deps)
    if (unknown === undefined) failures = 0
  }
})

/** Answers all that is in hand, and what else is to be done where no append will follow. */
export const ended = (channel: OwnedChannel, cause: Cause.Cause<Failure>) => {
  refuse(channel, cause)
  if (!Cause.hasDies(cause)) return Effect.void
  // It may have been appended all the same, or delivered to some.
  channel.doubt()
  return Effect.logError("an append died", { channel: channel.name }, cause)
}

/**
 * Appends until nothing is pending and nothing in doubt, the shard is not owned any more, or
 * something failed. One at a time for each channel. `unknown`: why nobody knows whether the
 * append before happened.
 */
export const drain = (channel: OwnedChannel, deps: SequencerDeps, unknown: Failure | undefined) =>
  Effect.catchCause(appendAll(channel, deps, unknown), (cause) => ended(channel, cause))
