import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { shardCount } from "@weir/core/ChannelName"
import slotOf from "cluster-key-slot"
import { shardTag } from "./ShardTags.ts"

const tags = Array.from({ length: shardCount }, (_, shard) => shardTag(shard))

describe("the tags of the shards", () => {
  it("each lie in their own sixteen slots", () => {
    const shards = tags.map((tag) => Math.floor(slotOf(`weir:{${tag}}:own`) / 16))
    assert.deepStrictEqual(
      shards,
      tags.map((_, shard) => shard)
    )
  })

  it("put within two as many shards on each server, however many there are", () => {
    for (const servers of [1, 3, 5, 6, 7, 16]) {
      const counts = new Array<number>(servers).fill(0)
      for (const tag of tags) counts[Math.floor((slotOf(tag) * servers) / 16_384)]!++
      assert.isAtMost(Math.max(...counts) - Math.min(...counts), 2, `${servers} servers: ${counts}`)
    }
  })

  it("are the same in every version", () => {
    assert.strictEqual(
      createHash("sha1").update(tags.join()).digest("hex"),
      "dc4a4c5dcb0e43feb7fb6af8bc48c13a44116faa"
    )
  })

  it("exist for shards only", () => {
    for (const shard of [-1, shardCount, 0.5, Number.NaN]) {
      assert.throws(() => shardTag(shard), /no shard/)
    }
  })
})
