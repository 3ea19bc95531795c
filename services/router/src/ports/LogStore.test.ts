import { assert, describe, it } from "@effect/vitest"
import { makeNamespace } from "@weir/core/Namespace"
import { encodePublication } from "@weir/wire/Publications"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { term } from "./LogCases.contract.ts"
import { logStoreContract } from "./LogStore.contract.ts"
import { layerMemory, makeMemory } from "./MemoryLogStore.ts"

logStoreContract("memory", layerMemory)

const namespace = makeNamespace("chat", { historyAgeSeconds: 60, dedupeSeconds: 10 })
const lobby = { channel: "chat:lobby", namespace, term }

/** With one entry in the log. */
const store = Effect.gen(function* () {
  const { size, store } = makeMemory()
  const { head } = yield* store.head(lobby)
  const entry = encodePublication({
    channel: "chat:lobby",
    publisher: "ann",
    messageId: "m-1",
    key: "",
    contentType: "",
    data: new Uint8Array(10),
    publishedAt: 0,
    position: { ...head, offset: 1 }
  })
  yield* store.append({ ...lobby, after: head, entries: [entry] })
  return { ...store, size, epoch: head.epoch }
})

describe("a log that only memory has", () => {
  it.effect("is forgotten once it holds nothing, and no earlier", () =>
    Effect.gen(function* () {
      const { epoch, forget, head, size } = yield* store
      assert.isFalse(yield* forget(lobby.channel))
      yield* TestClock.adjust("61 seconds")
      assert.isTrue(yield* forget(lobby.channel))
      assert.strictEqual(size(), 0)
      assert.notStrictEqual((yield* head(lobby)).head.epoch, epoch)
    })
  )

  it.effect("is gone once its shard is another owner's", () =>
    Effect.gen(function* () {
      const { release, size } = yield* store
      yield* release(lobby.channel)
      assert.strictEqual(size(), 0)
    })
  )
})
