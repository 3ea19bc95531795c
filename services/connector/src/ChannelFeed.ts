/**
 * ChannelFeed: one channel on this connector: what arrives from its owner, and
 * the subscriptions that it is given to.
 *
 * A publication is encoded and framed once for each wire format, however many
 * subscribers there are; all of them are offered the same buffer.
 */
import { deliversLatest, type Namespace } from "@weir/core/Namespace"
import type { GapReason, Position } from "@weir/core/Position"
import { frameMessage } from "@weir/socket/Frame"
import type { EncodedPublication } from "@weir/wire/Publications"
import { encodePublicationFrame, type WireFormat } from "@weir/wire/ServerFrames"
import { behind as behindGauge } from "./ConnectorMetrics.ts"
import type { Subscription } from "./Subscription.ts"

export interface Accepted {
  readonly next: ReadonlyArray<EncodedPublication>
  /** What came after them does not follow. */
  readonly hole: boolean
}

export const framePublications = (
  format: WireFormat,
  entries: ReadonlyArray<EncodedPublication>,
  nowMillis: number
): Buffer => {
  const kind = format === "json" ? "text" : "binary"
  const frames = entries.map((entry) =>
    frameMessage(encodePublicationFrame(format, nowMillis, entry), kind)
  )
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames)
}

export class ChannelFeed {
  readonly name: string
  readonly namespace: Namespace
  readonly subscriptions = new Set<Subscription>()
  readonly watchers = new Set<Subscription>()
  /** The last position passed on; unknown until the owner has answered. */
  position: Position | undefined
  /** Told once the feed is attached. */
  readonly whenAttached = new Set<() => void>()
  readonly #live = new Set<Subscription>()
  readonly #ahead = new Set<Subscription>()

  constructor(name: string, namespace: Namespace) {
    this.name = name
    this.namespace = namespace
  }

  get latestOnly(): boolean {
    return deliversLatest(this.namespace)
  }

  attachedAt(position: Position): void {
    this.position = position
    for (const tell of this.whenAttached) tell()
    this.whenAttached.clear()
  }

  /**
   * What of these is next in line. Under one owner offsets grow by one: what is
   * not beyond the last was seen before, and what skips one says that something
   * was lost on the way.
   */
  accept(entries: ReadonlyArray<EncodedPublication>): Accepted {
    const next: Array<EncodedPublication> = []
    let last = this.position!
    for (const entry of entries) {
      const { position } = entry.publication
      const follows = position.offset === last.offset + 1 || this.latestOnly
      if (position.epoch !== last.epoch) return { next, hole: true }
      if (position.offset <= last.offset) continue
      if (!follows) return { next, hole: true }
      next.push(entry)
      last = position
    }
    return { next, hole: false }
  }

  /** Gives entries, all of them next in line, to every live subscription. */
  deliver(entries: ReadonlyArray<EncodedPublication>, nowMillis: number): void {
    const before = this.position!
    this.position = entries.at(-1)!.publication.position
    const chunks: Partial<Record<WireFormat, Buffer>> = {}
    for (const subscription of this.#live) {
      const { connection } = subscription
      const { format } = connection
      chunks[format] ??= framePublications(format, entries, nowMillis)
      if (!connection.push(chunks[format], entries.length)) this.#fallBehind(subscription, before)
    }
    for (const subscription of this.#ahead) this.#bringUp(subscription, entries, nowMillis)
  }

  /** It has read past us: give it only what it does not have yet. */
  #bringUp(
    subscription: Subscription,
    entries: ReadonlyArray<EncodedPublication>,
    nowMillis: number
  ): void {
    const cursor = subscription.cursor!
    const missing = entries.filter(({ publication }) => publication.position.offset > cursor.offset)
    if (missing.length > 0) {
      const { connection } = subscription
      const chunk = framePublications(connection.format, missing, nowMillis)
      if (!connection.push(chunk, missing.length)) return this.#fallBehind(subscription, cursor)
    }
    if (this.position!.offset >= cursor.offset) this.#setState(subscription, "live")
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
    for (const subscription of this.subscriptions) {
      const { state } = subscription
      if (state === "behind") subscription.fellBehind()
      if (state !== "live" && state !== "ahead") continue
      const cursor = subscription.cursor ?? before
      // It has read past the gap already, at the owner. Of a log that went back, nothing
      // that was read proves anything.
      const isSameLog = reason !== "rolled_back" && cursor.epoch === position.epoch
      const isPast = isSameLog && cursor.offset >= position.offset
      if (isPast) this.place(subscription, cursor)
      else if (tell(subscription, cursor)) this.#setState(subscription, "live")
      else this.#fallBehind(subscription, cursor)
    }
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
   * be without reading the log.
   */
  place(subscription: Subscription, cursor: Position): boolean {
    const { position } = this
    if (position === undefined || position.epoch !== cursor.epoch) {
      this.#setState(subscription, "behind", cursor)
      return false
    }
    if (cursor.offset > position.offset) this.#setState(subscription, "ahead", cursor)
    else if (cursor.offset === position.offset) this.#setState(subscription, "live")
    else this.#setState(subscription, "behind", cursor)
    return subscription.state !== "behind"
  }

  end(subscription: Subscription): void {
    this.subscriptions.delete(subscription)
    this.#setState(subscription, "ended")
  }

  #setState(subscription: Subscription, state: Subscription["state"], cursor?: Position): void {
    if (subscription.state === "behind") behindGauge.add(-1)
    if (state === "behind") behindGauge.add(1)
    this.#live.delete(subscription)
    this.#ahead.delete(subscription)
    if (state === "live") this.#live.add(subscription)
    if (state === "ahead") this.#ahead.add(subscription)
    subscription.state = state
    subscription.cursor = cursor
  }
}

/** The offsets between two positions, where they can be named. */
export const rangeBetween = (
  before: Position | undefined,
  position: Position
): { readonly from: number | undefined; readonly to: number | undefined } =>
  before !== undefined && before.epoch === position.epoch && before.offset < position.offset
    ? { from: before.offset + 1, to: position.offset }
    : { from: undefined, to: undefined }
