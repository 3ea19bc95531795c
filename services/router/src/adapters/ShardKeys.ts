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
const keysOf = (channel: string): ReadonlyArray<string> => {
  const shard = shardOf(channel)
  const at = (kind: string) => `weir:{${shardTag(shard)}}:${kind}:${channel}`
  return [recordKey(shard), at("m"), at("s"), at("d0"), at("d1")]
}

/** Each append asks for them, and a busy channel's are the same each time. */
const maxRecent = 1_024
let recent = new Map<string, ReadonlyArray<string>>()

export const channelKeys = (channel: string): ReadonlyArray<string> => {
  const known = recent.get(channel)
  if (known !== undefined) return known
  const keys = keysOf(channel)
  if (recent.size === maxRecent) recent = new Map()
  recent.set(channel, keys)
  return keys
}
