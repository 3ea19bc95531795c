import { assert, describe, it } from "@effect/vitest"
import { AttachResponse, type LaneItem } from "@weir/proto/mesh/v1/router"
import { LaneMessages, readLaneMessage } from "./LaneMessage.ts"

type Item = NonNullable<LaneItem["item"]>

const publication = (length: number): Item => ({
  $case: "publication",
  value: Buffer.alloc(length, length % 251)
})

const beacon: Item = {
  $case: "beacon",
  value: { channel: "chat:lobby", position: { epoch: "e", term: 3, offset: 7 } }
}

const moved: Item = { $case: "moved", value: { shard: 3, term: 9, owner: "router-2", view: 4 } }

const messagesOf = (items: ReadonlyArray<Item>): ReadonlyArray<Uint8Array> => {
  const messages = new LaneMessages()
  for (const item of items) {
    if (item.$case === "publication") messages.pushPublication(item.value)
    else messages.push(item)
  }
  return messages.take()
}

const read = (message: Uint8Array): ReadonlyArray<Item> => {
  const items: Array<Item> = []
  readLaneMessage(message, {
    onPublication: (value) => items.push({ $case: "publication", value }),
    onItem: (item) => items.push(item)
  })
  return items
}

describe("LaneMessage", () => {
  it("is what the generated code would write and read", () => {
    const items = [publication(10), beacon, publication(127), publication(200), moved]
    const [message] = messagesOf(items)
    const generated = AttachResponse.encode({ items: items.map((item) => ({ item })) }).finish()
    assert.deepStrictEqual(new Uint8Array(message!), generated)
    assert.deepStrictEqual(read(message!), items)
    assert.deepStrictEqual(read(generated), items)
  })

  it("keeps the order over as many messages as it takes, by items and by bytes", () => {
    for (const items of [
      Array.from({ length: 600 }, (_, length) => publication(length % 50)),
      Array.from({ length: 9 }, (_, n) => publication(20_000 + n)),
      [publication(1), publication(500_000), publication(2)]
    ]) {
      const messages = messagesOf(items)
      assert.strictEqual(messages.length, 3)
      assert.deepStrictEqual(messages.flatMap(read), items)
    }
  })

  it("gives what it has once", () => {
    const messages = new LaneMessages()
    messages.push(beacon)
    assert.strictEqual(messages.size, 1)
    assert.strictEqual(messages.take().length, 1)
    assert.deepStrictEqual([messages.size, messages.take()], [0, []])
  })

  it("steps over what a newer router may add, and throws on what is cut off", () => {
    const [message] = messagesOf([publication(300), beacon])
    const longer = Buffer.concat([Buffer.from([0x78, 5]), message!])
    assert.strictEqual(read(longer).length, 2)
    assert.throws(() => read(message!.subarray(0, 100)), /cut off/)
  })
})
