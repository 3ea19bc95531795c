import { assert, describe, it } from "@effect/vitest"
import { makeNamespace } from "@weir/core/Namespace"
import { Effect } from "effect"
import { Lane } from "./Lane.ts"
import * as Listing from "./Listing.ts"
import { OwnedChannel } from "./OwnedChannel.ts"
import { Shards } from "./Shards.ts"

const chat = makeNamespace("chat")

/** These channels, held; none has been asked of the log. */
const holding = (...names: ReadonlyArray<string>) => {
  const shards = new Shards()
  for (const name of names) {
    const shard = shards.of(name)
    shards.channelsOf(shard).set(name, new OwnedChannel(name, chat, shard, 0))
  }
  return shards
}

const all = { prefix: "", after: "", limit: 1_001 }

const namesIn = (shards: Shards, request: Partial<typeof all>) =>
  Effect.map(Listing.list(shards, { ...all, ...request }), (listed) =>
    listed.map(({ channel }) => channel)
  )

describe("Listing", () => {
  it.effect("gives what is held, in the order of the names, from where and how much is asked", () =>
    Effect.gen(function* () {
      const shards = holding("chat:d", "live:a", "chat:b", "chat:a", "chat:c")

      assert.deepStrictEqual(yield* namesIn(shards, {}), [
        ...["chat:a", "chat:b", "chat:c", "chat:d", "live:a"]
      ])
      assert.deepStrictEqual(
        yield* namesIn(shards, { prefix: "chat:", after: "chat:a", limit: 2 }),
        ["chat:b", "chat:c"]
      )
    })
  )

  it.effect("keeps to itself what connectors probe with", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* namesIn(holding("$probe:connector-1", "chat:a"), {}), [
        "chat:a"
      ])
    })
  )

  it.effect("counts a connector once, and knows no head where nothing was published", () =>
    Effect.gen(function* () {
      const shards = holding("chat:a", "chat:b")
      const lanes = ["connector-1", "connector-1", "connector-2"].map(
        (it) => new Lane(it, () => {})
      )
      const position = { epoch: "e", term: 7, offset: 42 }
      for (const lane of lanes) shards.channel("chat:a")!.lanes.add(lane)
      shards.channel("chat:a")!.startAt(position, 0)

      assert.deepStrictEqual(yield* Listing.list(shards, all), [
        { channel: "chat:a", position, connectors: 2 },
        { channel: "chat:b", position: undefined, connectors: 0 }
      ])
    })
  )

  it.effect("looks at many, and gives no more than a page and one", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 25_000 }, (_, n) => `chat:${String(n).padStart(5, "0")}`)

      const listed = yield* namesIn(holding(...names), { limit: 5_000 })

      assert.deepStrictEqual(listed, names.slice(0, 1_001))
    })
  )
})
