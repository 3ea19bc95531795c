/**
 * Feeds: the channels that some client here wants.
 *
 * A feed lives from its first subscription to its last. Whoever keeps the lanes
 * is told of both, and finds here where a channel left off.
 */
import type { Namespace } from "@weir/core/Namespace"
import { ChannelFeed } from "./ChannelFeed.ts"
import { channels, subscriptions as subscriptionsGauge } from "./ConnectorMetrics.ts"
import type { Subscription } from "./Subscription.ts"

export interface InterestListener {
  readonly wanted: (feed: ChannelFeed) => void
  readonly unwanted: (channel: string) => void
}

export class Feeds {
  readonly #feeds = new Map<string, ChannelFeed>()
  #listener: InterestListener | undefined

  listen(listener: InterestListener): void {
    this.#listener = listener
  }

  get(channel: string): ChannelFeed | undefined {
    return this.#feeds.get(channel)
  }

  all(): Iterable<ChannelFeed> {
    return this.#feeds.values()
  }

  join(
    channel: string,
    namespace: Namespace,
    make: (feed: ChannelFeed) => Subscription
  ): Subscription {
    let feed = this.#feeds.get(channel)
    const isNew = feed === undefined
    feed ??= new ChannelFeed(channel, namespace)
    const subscription = make(feed)
    feed.subscriptions.add(subscription)
    subscriptionsGauge.add(1)
    if (isNew) {
      this.#feeds.set(channel, feed)
      channels.add(1)
      this.#listener?.wanted(feed)
    }
    return subscription
  }

  leave(subscription: Subscription): void {
    if (subscription.state === "ended") return
    const { feed } = subscription
    feed.end(subscription)
    subscriptionsGauge.add(-1)
    if (feed.subscriptions.size > 0) return
    this.#feeds.delete(feed.name)
    channels.add(-1)
    this.#listener?.unwanted(feed.name)
  }
}
