/**
 * Listing: the channels that this router owns and has in use, a page at a time, by name.
 *
 * Those of a shard that is on its way elsewhere are its former owner's until it has let go.
 */
import { namespaceOf } from "@weir/core/ChannelName"
import { probeNamespace } from "@weir/core/Namespace"
import { maxPageSize } from "@weir/core/PageSize"
import type { OwnedChannel as Listed, ListOwnedRequest } from "@weir/proto/mesh/v1/router"
import { Effect } from "effect"
import { FirstNames } from "./domain/FirstNames.ts"
import type { OwnedChannel } from "./OwnedChannel.ts"
import type { Shards } from "./Shards.ts"

/** Looked at before others have their turn: a millisecond's worth. */
const namesAtOnce = 10_000

const connectorsOf = (channel: OwnedChannel | undefined): number =>
  new Set([...(channel?.lanes ?? [])].map(({ node }) => node)).size

/** What connectors publish to themselves is nobody else's business. */
const isPublic = (name: string): boolean => namespaceOf(name) !== probeNamespace.name

export const list = Effect.fnUntraced(function* (shards: Shards, request: ListOwnedRequest) {
  const { after, prefix } = request
  const first = new FirstNames(Math.min(request.limit, maxPageSize + 1))
  let seen = 0
  for (const shard of shards.all) {
    for (const name of shards.channelsOf(shard).keys()) {
      if (++seen % namesAtOnce === 0) yield* Effect.yieldNow
      if (name > after && name.startsWith(prefix) && isPublic(name)) first.add(name)
    }
  }
  // One that has gone meanwhile stays on the page: short of it, the page would look like the last.
  return Array.from(first.names(), (name): Listed => {
    const channel = shards.channel(name)
    return { channel: name, position: channel?.head, connectors: connectorsOf(channel) }
  })
})
