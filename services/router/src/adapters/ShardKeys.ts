/**
 * ShardKeys: under which keys Redis keeps a shard and its channels.
 *
 * All keys of a shard share a hash tag, so that one script may touch them.
 */
import { shardOf } from "@weir/core/ChannelName"
import { shardTag } from "@weir/redis/ShardTags"

/** The hash of the shard's record: `n` node, `t` term, `v` version of the view. */
export const recordKey = (shard: number): string => `weir:{${shardTag(shard)}}:own`

/** The keys of every script on a channel's log, in their order: record, meta, stream, ids, ids. */
export const channelKeys = (channel: string): ReadonlyArray<string> => {
  const shard = shardOf(channel)
  const at = (kind: string) => `weir:{${shardTag(shard)}}:${kind}:${channel}`
  return [recordKey(shard), at("m"), at("s"), at("d0"), at("d1")]
}
