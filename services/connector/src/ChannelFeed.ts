/**
 * ChannelFeed: one channel on this connector: what arrives from its owner, and
 * the subscriptions that it is given to.
 *
 * A publication is encoded, framed and compressed once for each framing, however many
 * subscribers there are; all of them are offered the same buffer.
 */
import { deliversLatest, type Namespace } from "@weir/core/Namespace"
import { type GapReason, isOtherLog, type Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { Effect } from "effect"
import { Backlog, type Kept } from "./Backlog.ts"
import type { Connection } from "./Connection.ts"
import { behind as behindGauge } from "./ConnectorMetrics.ts"
import { type Accepted, isOutdone, isPast, nextInLine, type Standing } from "./domain/NextInLine.ts"
import type { RecentLimits } from "./domain/RecentPublications.ts"
import { type Framing, framePublications } from "./Framing.ts"
import { OwnPublications, type Spared } from "./OwnPublications.ts"
import type { Subscription } from "./Subscription.ts"

/** A part of this connector that hears every publication of a channel. */
export type Tap = (entries: ReadonlyArray<EncodedPublication>) => void

export class ChannelFeed {
  readonly name: string
  readonly namespace: Namespace
  readonly subscriptions = new Set<Subscription>()
  readonly watchers = new Set<Subscription>()
  /** The last position passed on; unknown until the owner has answered. */
  position: Position | undefined
  /** Each is told once: the owner has said where the channel stands. */
  readonly whenPlaced = new Set<() => void>()
  readonly taps = new Set<Tap>()
  /** What follows was written under this term or a later one. */
  #term = 0
  /** With their connections beside them: what is looked at for each delivery should be little. */
  readonly #live = new Map<Subscription, Connection>()
  readonly #ahead = new Set<Subscription>()
  /** Live ones that want to be given something only so often. */
  readonly #rated = new Set<Subscription>()
  readonly #backlog: Backlog
  #behind = 0
  readonly own: OwnPublications

  constructor(name: string, namespace: Namespace, recentLimits: RecentLimits) {
    this.name = name
    this.namespace = namespace
    this.#backlog = new Backlog(namespace, recentLimits)
    this.own = new OwnPublications(name, namespace.dedupeMs)
  }

  get latestOnly(): boolean {
    return deliversLatest(this.namespace)
  }

  /** What is owed to a subscription that is not up to date, if that is kept here. */
  recentFor(subscription: Subscription): Kept | undefined {
    return this.#backlog.recentFor(subscription)
  }

  attachedAt(position: Position): void {
    this.position = position
    this.#term = position.term
    this.#tellPlaced()
  }

  #tellPlaced(): void {
    // Who is told runs at once, and may wait for the next time: in a list of its own.
    const waiting = [...this.whenPlaced]
    this.whenPlaced.clear()
    for (const tell of waiting) tell()
  }

  /** What of these is next in line. */
  accept(entries: ReadonlyArray<EncodedPublication>): Accepted {
    return nextInLine(this.#standing(this.position!), entries)
  }

  /** The owner's head, if it is this, lacks something that was passed on. */
  isPast(head: Position): boolean {
    return isPast(this.#standing(this.position!), head)
  }

  /** The owner's head, if it is this, says that something was missed. */
  isOutdone(head: Position): boolean {
    // Before the owner's answer nothing can be missed; it says where to begin.
    return this.position !== undefined && isOutdone(this.#standing(this.position), head)
  }

  #standing(position: Position): Standing {
    return { position, term: this.#term, latestOnly: this.latestOnly }
  }

  /** What is left for it, behind what the others were given. */
  #giveAside({ entries, subscription }: Spared, before: Position, nowMillis: number): void {
    const { connection, state } = subscription
    if (state === "ahead") {
      this.#ahead.add(subscription)
      this.#bringUp(subscription, entries, nowMillis)
    } else if (state === "live") {
      this.#live.set(subscription, connection)
      this.#give(subscription, entries, before, nowMillis)
    }
  }

  /** Gives entries, all of them next in line, to every live subscription. */
  deliver(entries: ReadonlyArray<EncodedPublication>, nowMillis: number): void {
    const before = this.position!
    this.position = entries.at(-1)!.publication.position
    this.#term = this.position.term
    for (const tap of this.taps) tap(entries)
    this.#backlog.add(entries)
    // Before the loop, so that it has nothing to ask for each of many.
    const aside = this.own.sparedOf(entries, nowMillis)
    for (const { subscription } of aside) {
      this.#live.delete(subscription)
      this.#ahead.delete(subscription)
    }
    const chunks = new Map<Framing, Buffer>()
    let framing: Framing | undefined
    let chunk!: Buffer
    // Not `for (const [key, value] of`: that makes an array for each of them.
    this.#live.forEach((connection, subscription) => {
      // As a rule it is that of the one before.
      if (connection.framing !== framing) {
        framing = connection.framing
        chunk = chunks.get(framing) ?? framePublications(framing, entries, nowMillis)
        chunks.set(framing, chunk)
      }
      if (!this.#push(connection, chunk, entries.length)) this.#fallBehind(subscription, before)
    })
    for (const subscription of this.#ahead) this.#bringUp(subscription, entries, nowMillis)
    for (const spared of aside) this.#giveAside(spared, before, nowMillis)
    for (const subscription of this.#rated) subscription.maxRate!.wake(nowMillis)
    if (this.#behind > 0) this.#backlog.keep(before, entries)
  }

  /** What is kept for the slow does not wait in their outboxes. */
  #push(connection: Connection, chunk: Uint8Array, count: number): boolean {
    return (!this.#backlog.servesSlow || connection.isClear) && connection.push(chunk, count)
  }

  /** As `deliver`, to one. False: it cannot take them, and is behind what it has: `cursor`. */
  #give(
    subscription: Subscription,
    entries: ReadonlyArray<EncodedPublication>,
    cursor: Position,
    nowMillis: number
  ): boolean {
    if (entries.length === 0) return true
    const { connection } = subscription
    const chunk = framePublications(connection.framing, entries, nowMillis)
    if (this.#push(connection, chunk, entries.length)) return true
    this.#fallBehind(subscription, cursor)
    return false
  }

  /** It has read past us: give it only what it does not have yet. */
  #bringUp(
    subscription: Subscription,
    entries: ReadonlyArray<EncodedPublication>,
    nowMillis: number
  ): void {
    const cursor = subscription.cursor!
    const missing = entries.filter(({ publication }) => publication.position.offset > cursor.offset)
    if (!this.#give(subscription, missing, cursor, nowMillis)) return
    if (this.position!.offset >= cursor.offset) {
      this.#setState(subscription, "live", this.position)
    }
  }

  /**
   * The channel went on elsewhere. Everybody who was up to date is told what is
   * missing since its cursor; who was behind goes on reading, now in the new place.
   */
  moveTo(
    position: Position,
    reason: GapReason,
    tell: (subscription: Subscription, cursor: Position) => boolean
  ): void {
    const before = this.position!
    this.position = position
    this.#backlog.clear()
    if (this.#rated.size > 0) this.#backlog.keepLatest(position)
    // The place before what is still stored may bear the head's term, the only one known:
    // what follows it can be older. In every other case the owner gave its head.
    if (isOtherLog(reason)) this.#term = position.term
    for (const subscription of this.subscriptions) {
      const { state } = subscription
      if (state === "behind") subscription.fellBehind()
      if (state !== "live" && state !== "ahead") continue
      const cursor = subscription.cursor ?? before
      // It has read past the gap already, at the owner. Of a log that went back, nothing
      // that was read proves anything.
      const isSameLog = reason !== "rolled_back" && cursor.epoch === position.epoch
      const isPast = isSameLog && cursor.offset >= position.offset
      if (isPast) {
        if (!this.place(subscription, cursor)) subscription.fellBehind()
      } else if (tell(subscription, cursor)) this.#setState(subscription, "live", position)
      else this.#fallBehind(subscription, cursor)
    }
    this.#tellPlaced()
  }

  #fallBehind(subscription: Subscription, cursor: Position): void {
    if (this.namespace.slowConsumer === "disconnect") {
      return subscription.connection.close("slow_consumer")
    }
    this.#setState(subscription, "behind", cursor)
    subscription.fellBehind()
  }

  /**
   * Puts a subscription where its cursor belongs. True: it is up to date, or will
   * be without reading the log. A cursor of an older term, at or beyond ours, may be in
   * a part of the log that was lost: only the owner can tell.
   */
  place(subscription: Subscription, cursor: Position): boolean {
    const { position } = this
    const isUnproven =
      position === undefined ||
      position.epoch !== cursor.epoch ||
      (cursor.term < position.term && cursor.offset >= position.offset && cursor.offset > 0)
    if (isUnproven) {
      this.#setState(subscription, "behind", cursor)
      return false
    }
    if (cursor.offset > position.offset) this.#setState(subscription, "ahead", cursor)
    else if (cursor.offset === position.offset || this.#mayTrail(subscription, cursor)) {
      this.#setState(subscription, "live", cursor)
    } else this.#setState(subscription, "behind", cursor)
    return subscription.state !== "behind"
  }

  /** With a rate it may, as long as what is newer is here to be given. */
  #mayTrail(subscription: Subscription, cursor: Position): boolean {
    if (subscription.maxRate === undefined) return false
    subscription.cursor = cursor
    return this.recentFor(subscription) !== undefined
  }

  end(subscription: Subscription): void {
    this.subscriptions.delete(subscription)
    this.#setState(subscription, "ended")
    subscription.maxRate?.end()
  }

  #setState(subscription: Subscription, state: Subscription["state"], cursor?: Position): void {
    if (subscription.state === "behind") this.#countBehind(-1)
    if (state === "behind") this.#countBehind(1)
    this.#live.delete(subscription)
    this.#ahead.delete(subscription)
    this.#rated.delete(subscription)
    if (state === "ahead") this.#ahead.add(subscription)
    subscription.state = state
    subscription.cursor = cursor
    if (state === "live") this.#goLive(subscription)
    this.#backlog.letGo(this.#behind, this.#rated.size)
  }

  #goLive(subscription: Subscription): void {
    if (subscription.maxRate === undefined) {
      subscription.cursor = undefined
      this.#live.set(subscription, subscription.connection)
      return
    }
    this.#rated.add(subscription)
    this.#backlog.keepLatest(this.position!)
    if (subscription.cursor!.offset < this.position!.offset) subscription.maxRate.wake(Date.now())
  }

  #countBehind(delta: number): void {
    this.#behind += delta
    behindGauge.add(delta)
  }
}

/** Waits until the owner says, once more, where the channel stands. */
export const placed = (feed: ChannelFeed): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const tell = () => resume(Effect.void)
    feed.whenPlaced.add(tell)
    return Effect.sync(() => {
      feed.whenPlaced.delete(tell)
    })
  })

/** The offsets between two positions, where they can be named. */
export const rangeBetween = (
  before: Position | undefined,
  position: Position
): { readonly from: number; readonly to: number } | undefined =>
  before !== undefined && before.epoch === position.epoch && before.offset < position.offset
    ? { from: before.offset + 1, to: position.offset }
    : undefined
