/**
 * Feeds: the channels that some client here wants.
 *
 * A feed lives from its first subscription to its last; whoever keeps the lanes
 * is told of both.
 */
import type { Namespace } from "@weir/core/Namespace"
import { ChannelFeed, type Tap } from "./ChannelFeed.ts"
import { channels, subscriptions as subscriptionsGauge } from "./ConnectorMetrics.ts"
import type { RecentLimits } from "./domain/RecentPublications.ts"
import type { Subscription } from "./Subscription.ts"

export interface InterestListener {
  readonly wanted: (feed: ChannelFeed) => void
  readonly unwanted: (channel: string) => void
}

export class Feeds {
  readonly #feeds = new Map<string, ChannelFeed>()
  readonly #recentLimits: RecentLimits
  #listener: InterestListener | undefined

  /** `recentLimits`: of what each channel keeps for those who read slowly. */
  constructor(recentLimits: RecentLimits) {
    this.#recentLimits = recentLimits
  }

  listen(listener: InterestListener): void {
    this.#listener = listener
  }

  get(channel: string): ChannelFeed | undefined {
    return this.#feeds.get(channel)
  }

  /** A channel that this connector wants for itself, for as long as it runs. */
  tap(channel: string, namespace: Namespace, tap: Tap): ChannelFeed {
    const feed = new ChannelFeed(channel, namespace, this.#recentLimits)
    feed.taps.add(tap)
    this.#feeds.set(channel, feed)
    this.#listener?.wanted(feed)
    return feed
  }

  /** The channel's feed, with the subscription in it. */
  join(subscription: Subscription, namespace: Namespace): ChannelFeed {
    const { channel } = subscription
    const known = this.#feeds.get(channel)
    const feed = known ?? new ChannelFeed(channel, namespace, this.#recentLimits)
    feed.subscriptions.add(subscription)
    subscriptionsGauge.add(1)
    if (known === undefined) {
      this.#feeds.set(channel, feed)
      channels.add(1)
      this.#listener?.wanted(feed)
    }
    return feed
  }

  leave(subscription: Subscription): void {
    const feed = this.#feeds.get(subscription.channel)
    if (feed?.subscriptions.has(subscription) !== true) return
    feed.end(subscription)
    subscriptionsGauge.add(-1)
    if (feed.subscriptions.size > 0) return
    this.#feeds.delete(feed.name)
    channels.add(-1)
    this.#listener?.unwanted(feed.name)
  }
}
