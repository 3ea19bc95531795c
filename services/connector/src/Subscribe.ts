/**
 * Subscribe: makes a subscription, in two steps.
 *
 * `prepare` waits for what must be waited for: the owner's answer and the first
 * page of what was missed. `subscribed` and `begin` happen in one turn: they say where
 * the subscription begins and let it begin there, so that nothing arrives between.
 */
import { Failure, failure } from "@weir/core/Failure"
import { conflates, type Namespace, type Namespaces } from "@weir/core/Namespace"
import { isOtherLog, type Position } from "@weir/core/Position"
import type { Routers } from "@weir/mesh/Routers"
import type { Member, Subscribe, Subscribed } from "@weir/proto/client/v1/client"
import type { ReadRequest } from "@weir/proto/mesh/v1/router"
import { Deferred, Effect, Exit } from "effect"
import { type ChannelFeed, placed } from "./ChannelFeed.ts"
import type { Connection } from "./Connection.ts"
import type { Feeds } from "./Feeds.ts"
import type { Announcements } from "./loops/Announcements.ts"
import { MaxRate } from "./MaxRate.ts"
import { give, portionOf, type Replayer } from "./Replay.ts"
import type { Session } from "./Session.ts"
import type { Page } from "./SharedPages.ts"
import { checkSubscribe } from "./SubscribeRules.ts"
import type { Subscription } from "./Subscription.ts"

const attachDeadline = "5 seconds"

export interface SubscribeDeps {
  readonly namespaces: Namespaces
  readonly feeds: Feeds
  readonly routers: Routers["Service"]
  readonly announcements: Announcements
  readonly replayer: Replayer
}

export interface Prepared {
  /** Says where it begins; `begin` must follow in the same turn. */
  readonly subscribed: () => Subscribed
  readonly begin: () => void
}

const attached = (feed: ChannelFeed): Effect.Effect<void, Failure> =>
  feed.position !== undefined
    ? Effect.void
    : Effect.timeoutOrElse(placed(feed), {
        duration: attachDeadline,
        orElse: () =>
          Effect.fail(failure("unavailable", "the channel's owner does not answer", 500))
      })

/** What a page has to begin with, if the client asked for the past. */
const fromOf = ({ since, rewind }: Subscribe): ReadRequest["from"] => {
  if (since !== undefined) return { $case: "since", value: since }
  switch (rewind?.from?.$case) {
    case "last":
      return { $case: "last", value: rewind.from.value }
    case "since":
      return { $case: "sinceTime", value: rewind.from.value }
    default:
      return undefined
  }
}

const memberOf = (session: Session, { member }: Subscribe): Member | undefined =>
  member && {
    id: session.publicName,
    user: session.identity?.user ?? "",
    joinedAt: Date.now(),
    ...member
  }

export const leave = (
  { announcements, feeds }: SubscribeDeps,
  session: Session,
  subscription: Subscription
): void => {
  const { channel, memberId } = subscription
  if (memberId !== undefined) announcements.leave(channel, memberId)
  const watchers = feeds.get(channel)?.watchers
  if (watchers?.delete(subscription) && watchers.size === 0) announcements.unwatch(channel)
  feeds.leave(subscription)
  session.subscriptions.delete(channel)
  session.behind.delete(subscription)
  Deferred.doneUnsafe(subscription.settled, Exit.void)
}

const begin = (
  { announcements, replayer }: SubscribeDeps,
  session: Session,
  subscription: Subscription,
  feed: ChannelFeed,
  request: Subscribe,
  page: Page | undefined
) => {
  // Watched first: who reads the roster before its own join is applied is then told of it.
  if (subscription.wantsPresence) {
    if (feed.watchers.size === 0) announcements.watch(feed.name)
    feed.watchers.add(subscription)
  }
  const member = memberOf(session, request)
  if (member !== undefined) {
    subscription.memberId = member.id
    announcements.join(feed.name, member)
  }
  if (page === undefined) return void feed.place(subscription, feed.position!)
  subscription.cursor = page.before!
  const taken = give(subscription, portionOf(subscription, feed, { ...page, reason: "" }))
  if (feed.place(subscription, subscription.cursor)) return
  session.behind.add(subscription)
  if (taken) replayer.start(session)
}

/** A class, so that its methods are shared. */
class SessionSubscription implements Subscription {
  readonly channel: string
  readonly connection: Connection
  state: Subscription["state"] = "pending"
  cursor: Position | undefined
  replaying = false
  leaving = false
  readonly settled = Deferred.makeUnsafe<void>()
  readonly wantsPresence: boolean
  readonly maxRate: MaxRate | undefined
  memberId: string | undefined
  signalledAs: string | undefined
  readonly #session: Session
  readonly #replayer: Replayer

  constructor(
    session: Session,
    replayer: Replayer,
    { channel, maxRateMs, presence }: Pick<Subscribe, "channel" | "maxRateMs" | "presence">
  ) {
    this.channel = channel
    this.connection = session.connection
    this.wantsPresence = presence
    this.maxRate =
      maxRateMs > 0 ? new MaxRate(maxRateMs, () => replayer.giveNewest(this)) : undefined
    this.#session = session
    this.#replayer = replayer
  }

  fellBehind(): void {
    this.#session.behind.add(this)
    if (this.connection.isClear) this.#replayer.start(this.#session)
  }
}

const join = (
  { feeds, replayer }: SubscribeDeps,
  session: Session,
  namespace: Namespace,
  request: Subscribe
) => {
  const subscription = new SessionSubscription(session, replayer, request)
  session.subscriptions.set(request.channel, subscription)
  return { subscription, feed: feeds.join(subscription, namespace) }
}

/** Where a rate is asked for only the newest follows, and what lies before it is not missed. */
const newestOf = Effect.fnUntraced(function* ({ read }: Replayer, channel: string, page: Page) {
  const newest = page.more ? yield* read(channel, { $case: "last", value: 1 }) : page
  return {
    ...newest,
    recovered: !isOtherLog(page.reason),
    reason: page.reason,
    next: newest.next + Math.max(0, newest.entries.length - 1)
  }
})

export const prepare = Effect.fnUntraced(function* (
  deps: SubscribeDeps,
  session: Session,
  request: Subscribe
): Effect.fn.Return<Prepared, Failure> {
  // Nobody would end the subscription of a connection that has ended.
  if (session.connection.closed) {
    return yield* failure("unavailable", "the connection has ended")
  }
  // Sent right behind an unsubscribe that waits for its own subscribe: after both.
  const earlier = session.subscriptions.get(request.channel)
  if (earlier?.leaving === true) yield* Deferred.await(earlier.settled)
  const namespace = checkSubscribe(deps.namespaces, session, request)
  if (namespace instanceof Failure) return yield* namespace
  const { feed, subscription } = join(deps, session, namespace, request)
  const from = fromOf(request)
  const read = Effect.gen(function* () {
    yield* attached(feed)
    if (from === undefined) return undefined
    const page = yield* deps.replayer.read(feed.name, from)
    return request.maxRateMs > 0 ? yield* newestOf(deps.replayer, feed.name, page) : page
  })
  const page = yield* read.pipe(
    Effect.onExit((exit) =>
      exit._tag === "Failure" ? Effect.sync(() => leave(deps, session, subscription)) : Effect.void
    )
  )
  return {
    subscribed: () => {
      const position = page?.position ?? feed.position!
      const recovered = request.since !== undefined && page!.recovered
      return {
        channel: feed.name,
        position,
        recovered,
        reason: request.since !== undefined && !recovered ? page!.reason : "",
        next: page?.next ?? position.offset + 1,
        delivery: conflates(namespace) || request.maxRateMs > 0 ? "latest" : "all",
        grant: ""
      }
    },
    begin: () => {
      if (subscription.state !== "pending") return
      begin(deps, session, subscription, feed, request, page)
      Deferred.doneUnsafe(subscription.settled, Exit.void)
    }
  }
})
