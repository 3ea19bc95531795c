/**
 * Shards: all shards, and the channels that this router holds of each.
 */
import { shardCount, shardOf } from "@weir/core/ChannelName"
import type { OwnedChannel } from "./OwnedChannel.ts"
import { Shard, type ShardState } from "./Shard.ts"

export class Shards {
  readonly all: ReadonlyArray<Shard> = Array.from({ length: shardCount }, (_, id) => new Shard(id))
  readonly #channels: ReadonlyArray<Map<string, OwnedChannel>> = this.all.map(() => new Map())

  of(channel: string): Shard {
    return this.all[shardOf(channel)]!
  }

  /** The channels held of a shard, by name. */
  channelsOf({ id }: Shard): Map<string, OwnedChannel> {
    return this.#channels[id]!
  }

  channel(name: string): OwnedChannel | undefined {
    return this.#channels[shardOf(name)]!.get(name)
  }

  *channels(): Iterable<OwnedChannel> {
    for (const channels of this.#channels) yield* channels.values()
  }

  inState(state: ShardState): ReadonlyArray<Shard> {
    return this.all.filter((shard) => shard.state === state)
  }
}
