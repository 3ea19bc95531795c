/**
 * listen: subscribes, and notes what comes in its order.
 */
import type { Gap } from "@weir/client/Progress"
import type { Publication } from "@weir/client/Publication"
import type { SubscribeOptions } from "@weir/client/Subscription"
import type { WeirClient } from "@weir/client/WeirClient"
import { waitUntil } from "./waitUntil.ts"

export const listen = async (
  client: WeirClient,
  channel: string,
  options: SubscribeOptions = {}
) => {
  const publications: Array<Publication> = []
  const gaps: Array<Gap> = []
  const handlers = {
    onPublication: (publication: Publication) => publications.push(publication),
    onGap: (gap: Gap) => gaps.push(gap)
  }
  const subscription = client.subscribe(channel, handlers, options)
  const first = await subscription.subscribed()
  const data = () => publications.map((publication) => publication.data)
  const has = (count: number) =>
    waitUntil(`${channel} has brought ${count} publications`, () => publications.length >= count)
  return { publications, gaps, subscription, first, data, has }
}
