/**
 * Replay: brings subscriptions that are behind up to their channel, from the log.
 *
 * The same for a client that resumed and for one that read too slowly: read a
 * page after the cursor, give it while the socket takes it, and join the live
 * ones when the cursor meets the channel. Only the cursor is kept meanwhile.
 */
import { type GapReason, isOtherLog, type Position } from "@weir/core/Position"
import { Routers } from "@weir/mesh/Routers"
import { Effect, FiberSet, Schedule } from "effect"
import { type ChannelFeed, placed, rangeBetween } from "./ChannelFeed.ts"
import { gaps, publicationsSkipped } from "./ConnectorMetrics.ts"
import type { Feeds } from "./Feeds.ts"
import type { FramedPublication } from "./FramedPublication.ts"
import type { Session } from "./Session.ts"
import { type Page, pageOf, type ReadPage, make as sharedPages } from "./SharedPages.ts"
import type { Subscription } from "./Subscription.ts"

/** Of one page. The bytes are what counts: a page of them fits an empty outbox of the default size. */
const pageSize = 256
const pageBytes = 256 * 1024

const retrying = Schedule.min([
  Schedule.exponential("100 millis"),
  Schedule.spaced("2 seconds")
]).pipe(Schedule.jittered)

/** How long a replay that stands beside its channel waits for the lane to tell where that is. */
const lookAgainAfter = "2 seconds"

/** Tells the client what will not come. */
export const tellGap = (
  { channel, connection }: Subscription,
  reason: GapReason,
  before: Position | undefined,
  position: Position
): void => {
  gaps(reason).add()
  const range = rangeBetween(before, position)
  if (range !== undefined) publicationsSkipped(reason).add(range.to - range.from + 1)
  connection.send({
    $case: "gap",
    value: { channel, reason, position, from: range?.from, to: range?.to }
  })
}

/** Some of what a subscription lacks, and how it is to be given. */
export interface Portion {
  /** Where the channel stands. */
  readonly head: Position
  /** Why nothing of it follows the cursor, if so: `epoch_changed` or `rolled_back`. */
  readonly reason: string
  readonly before: Position
  /** What the client is told of that lies between its cursor and `before`; nothing: it is not owed. */
  readonly between: GapReason | undefined
  /** May it wait in the client's outbox? What is kept for many waits where it is kept. */
  readonly waits: boolean
  readonly entries: ReadonlyArray<FramedPublication>
}

/** A page of the log, as this subscription is to be given it. */
export const portionOf = (
  { maxRate }: Subscription,
  { latestOnly, namespace: { logged } }: ChannelFeed,
  { before, entries, position, reason }: Page
): Portion => {
  const isLatest = latestOnly || maxRate !== undefined
  return {
    head: position!,
    reason,
    before: before!,
    between: isLatest ? undefined : logged ? "trimmed" : "dropped",
    waits: true,
    entries: maxRate === undefined ? entries : entries.slice(-1)
  }
}

/**
 * Gives a portion to the client. Moves the cursor as far as it was taken; false
 * when the client has to drain first.
 */
export const give = (
  subscription: Subscription,
  { before, between, entries, head, reason, waits }: Portion
): boolean => {
  const { connection } = subscription
  if (isOtherLog(reason)) {
    tellGap(subscription, reason, undefined, head)
    subscription.cursor = head
    return true
  }
  const cursor = subscription.cursor!
  if (between === undefined) {
    // What lies between is not owed to anybody. But a client drops what is older than what
    // it has, unless it is told that the log went back.
    if (before.offset < cursor.offset) tellGap(subscription, "rolled_back", undefined, before)
    subscription.cursor = before
  } else if (before.offset > cursor.offset) {
    tellGap(subscription, between, cursor, before)
    subscription.cursor = before
  }
  for (const entry of entries) {
    if (!waits && !connection.isClear) return false
    // One by one: a page as a whole might never fit.
    if (!connection.push(entry.framed(connection.framing), 1)) return false
    subscription.maxRate?.gave(Date.now())
    const skipped = entry.position.offset - subscription.cursor!.offset - 1
    if (skipped > 0) publicationsSkipped("conflated").add(skipped)
    subscription.cursor = entry.position
  }
  return true
}

/** Gives what the channel keeps here for those who are not up to date; undefined: nothing of use. */
const giveRecent = (subscription: Subscription, feed: ChannelFeed): boolean | undefined => {
  const recent = feed.recentFor(subscription)
  if (recent === undefined) return undefined
  const kept = { head: feed.position!, reason: "", between: "dropped", waits: false } as const
  return give(subscription, { ...recent, ...kept })
}

export interface Replayer {
  /** One page of a channel's log, shared with who asks for the same at the same time. */
  readonly read: ReadPage
  /** Goes on with everything of the session that is behind. */
  readonly start: (session: Session) => void
  /** The rate of a live subscription allows it to be given the newest. */
  readonly giveNewest: (subscription: Subscription) => void
}

export const make = Effect.fnUntraced(function* (feeds: Feeds) {
  const routers = yield* Routers
  const run = yield* FiberSet.makeRuntime<never, void, never>()

  const read = yield* sharedPages((channel, from) =>
    Effect.map(
      routers.read({ channel, from, limit: pageSize, maxBytes: pageBytes, reverse: false }),
      pageOf
    )
  )

  /** Until the subscription is up to date, or has to wait for its client or its channel. */
  const replay = Effect.fnUntraced(function* (session: Session, subscription: Subscription) {
    const { channel } = subscription
    const isBehind = () => subscription.state === "behind" && !session.connection.closed
    while (isBehind()) {
      const feed = feeds.get(channel)!
      const { position } = feed
      // A cursor that the channel has not passed needs no reading.
      if (feed.place(subscription, subscription.cursor!)) return
      const taken = giveRecent(subscription, feed)
      if (taken === true) continue
      if (taken === false) return void session.behind.add(subscription)
      const next = Effect.suspend(() =>
        read(channel, { $case: "since", value: subscription.cursor! })
      )
      const page = yield* Effect.retry(next, { schedule: retrying, while: isBehind })
      if (!isBehind()) return
      if (!give(subscription, portionOf(subscription, feed, page))) {
        return void session.behind.add(subscription)
      }
      // The owner has given all it has, and the channel stands elsewhere here: its lane has
      // not told us yet. A router that is not the owner any more may have answered, too, and
      // then no lane will: so it is asked again, at its own pace.
      const isParked = !page.more && feed.position === position
      if (isParked && !feed.place(subscription, subscription.cursor!)) {
        yield* Effect.timeoutOption(placed(feed), lookAgainAfter)
      }
    }
  })

  const start = (session: Session): void => {
    // Those of now: one whose socket takes no more after the first is here again, within its
    // turn, and would be met again and again.
    for (const subscription of [...session.behind]) {
      // One that is being replayed stays: it is looked at again when that has ended.
      if (subscription.replaying) continue
      session.behind.delete(subscription)
      if (subscription.state !== "behind") continue
      subscription.replaying = true
      run(
        replay(session, subscription).pipe(
          Effect.catch((refused) =>
            Effect.logDebug("a replay was given up", { why: refused.message })
          ),
          Effect.tapCause((cause) => Effect.logError("a replay died", cause)),
          Effect.ignore,
          Effect.ensuring(
            Effect.sync(() => {
              subscription.replaying = false
              // Drained between the refusal and now: nobody else would start it again.
              if (session.behind.has(subscription) && session.connection.isClear) start(session)
            })
          )
        )
      )
    }
  }

  const giveIfClear = (subscription: Subscription): void => {
    const { channel, connection, cursor, maxRate, state } = subscription
    if (state !== "live" || connection.closed) return
    // What is newest once it has drained, it is given then.
    if (!connection.isClear) return maxRate!.wake(Date.now())
    const feed = feeds.get(channel)!
    const taken = giveRecent(subscription, feed)
    if (taken === false) maxRate!.wake(Date.now())
    if (taken === undefined && !feed.place(subscription, cursor!)) subscription.fellBehind()
  }

  const giveNewest: Replayer["giveNewest"] = (subscription) => {
    try {
      giveIfClear(subscription)
    } catch (defect) {
      // Called by a timer: thrown from there, a bug met by one would end all.
      run(Effect.logError("the newest could not be given", defect))
      subscription.connection.giveUp()
    }
  }

  return { read, start, giveNewest } satisfies Replayer
})
