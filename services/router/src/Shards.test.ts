import { assert, describe, it } from "@effect/vitest"
import { shardCount } from "@weir/core/ChannelName"
import { makeNamespace } from "@weir/core/Namespace"
import { OwnedChannel } from "./OwnedChannel.ts"
import { Shards } from "./Shards.ts"

const hold = (shards: Shards, name: string) => {
  const shard = shards.of(name)
  const channel = new OwnedChannel(name, makeNamespace("chat"), shard, 0)
  shards.channelsOf(shard).set(name, channel)
  return channel
}

describe("Shards", () => {
  it("are all there, each under its number", () => {
    const { all } = new Shards()
    assert.strictEqual(all.length, shardCount)
    assert.isTrue(all.every(({ id }, index) => id === index))
  })

  it("find a channel by its name, in its own shard", () => {
    const shards = new Shards()
    assert.isUndefined(shards.channel("chat:lobby"))
    const lobby = hold(shards, "chat:lobby")
    assert.strictEqual(shards.channel("chat:lobby"), lobby)
    assert.strictEqual(shards.of("chat:lobby"), lobby.shard)
    assert.deepStrictEqual([...shards.channelsOf(lobby.shard).keys()], ["chat:lobby"])
  })

  it("give every channel once", () => {
    const shards = new Shards()
    const names = Array.from({ length: 3_000 }, (_, n) => `chat:${n}`)
    for (const name of names) hold(shards, name)
    assert.deepStrictEqual(
      [...shards.channels()].map(({ name }) => name).toSorted(),
      names.toSorted()
    )
  })

  it("are found by their state", () => {
    const shards = new Shards()
    shards.all[3]!.own(4_096)
    shards.all[5]!.own(4_096)
    shards.all[5]!.seal()
    assert.deepStrictEqual(
      shards.inState("owned").map(({ id }) => id),
      [3]
    )
    assert.strictEqual(shards.inState("idle").length, shardCount - 2)
  })
})
