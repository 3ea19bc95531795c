/**
 * ShardTags: one hash tag for each shard, so that its keys share a slot.
 *
 * Redis Cluster gives ranges of slots to its servers. The tag of shard n lies in
 * the n-th of as many equal ranges, so the shards spread evenly over any number
 * of servers: tags by name alone put twice as many on one as on another.
 */
import { shardCount } from "@weir/core/ChannelName"
import slotOf from "cluster-key-slot"

const slotsPerShard = 16_384 / shardCount

const findTags = (): ReadonlyArray<string> => {
  const tags = new Array<string>(shardCount)
  for (let counter = 0, missing = shardCount; missing > 0; counter++) {
    const tag = counter.toString(36)
    const shard = Math.floor(slotOf(tag) / slotsPerShard)
    if (tags[shard] !== undefined) continue
    tags[shard] = tag
    missing--
  }
  return tags
}

let found: ReadonlyArray<string> | undefined

/** The same for ever: keys in Redis are named by it. */
export const shardTag = (shard: number): string => {
  found ??= findTags()
  const tag = found[shard]
  if (tag === undefined) throw new RangeError(`no shard ${shard}`)
  return tag
}
