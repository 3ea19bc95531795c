/**
 * Signals: what clients say in passing, over two connectors and in both encodings.
 */
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { jsonCodec } from "./harness/JsonClient.ts"
import { type Mesh, startMesh } from "./harness/Mesh.ts"
import { protoCodec } from "./harness/ProtoClient.ts"
import { auth, tokenFor } from "./harness/Tokens.ts"
import { type Codec, WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const everything = { "*": ["subscribe", "publish", "presence", "signal"] }

describe("a signal", () => {
  let mesh: Mesh
  let channel: string
  let count = 0
  const open: Array<WireClient> = []

  beforeAll(async () => {
    mesh = await startMesh(
      { auth: 1, presence: 1, router: 2, connector: 2 },
      {
        auth,
        namespaces: { chat: { presence: true, clientPublish: true }, live: { logged: false } },
        limits: { signals: { perSecond: 1, burst: 20 } }
      }
    )
  })
  beforeEach(() => {
    channel = `chat:signals-${++count}`
  })
  afterEach(() => {
    for (const client of open.splice(0)) client.close()
  })
  afterAll(() => mesh?.stop())

  /** `at`: which of the two connectors. */
  const connect = async (user: string, at: 0 | 1, codec: Codec = jsonCodec, may = everything) => {
    const { http } = mesh.all("connector")[at]!
    const token = await tokenFor(user, may)
    const client = await WireClient.connect(http!, codec, {
      token,
      subscriptions: [{ channel, member: { data: codec.jsonData({}) } }]
    })
    open.push(client)
    return client
  }

  const signal = (client: WireClient, value: unknown) =>
    client.sendAll([{ type: "signal", payload: { channel, data: client.codec.jsonData(value) } }])

  it("reaches the others on every connector, in both encodings, and not its sender", async () => {
    const ann = await connect("ann", 0)
    const others = [
      await connect("bob", 0, protoCodec),
      await connect("cleo", 1),
      await connect("dan", 1, protoCodec)
    ]

    signal(ann, { typing: true })

    for (const other of others) {
      const { id, payload } = await other.take("signal")
      assert.isUndefined(id)
      assert.deepStrictEqual([payload.channel, payload.publisher], [channel, "ann"])
      assert.deepStrictEqual(other.codec.jsonValue(payload), { typing: true })
    }
    await ann.settle()
    assert.isFalse(ann.inbox.some(({ type }) => type === "signal"))
  })

  it("names the member that it is from, so that two tabs of one user are two", async () => {
    const [one, other] = [await connect("ann", 0), await connect("ann", 1)]
    const bob = await connect("bob", 1)

    signal(one, 1)
    signal(other, 2)

    const heard = new Map<unknown, string>()
    for (let taken = 0; taken < 2; taken++) {
      const { payload } = await bob.take("signal")
      heard.set(payload.data, payload.member)
    }
    const { payload: roster } = await bob.request("presence", { channel })
    const ids = roster.members
      .filter(({ user }: { readonly user: string }) => user === "ann")
      .map(({ id }: { readonly id: string }) => id)
    assert.sameMembers([...heard.values()], ids)
    assert.notStrictEqual(heard.get(1), heard.get(2))
    // Each hears the other tab, and not itself.
    assert.strictEqual((await one.take("signal")).payload.data, 2)
    assert.strictEqual((await other.take("signal")).payload.data, 1)
  })

  it("is not kept: who comes later hears nothing of it, and no offset moves", async () => {
    const [ann, bob] = [await connect("ann", 0), await connect("bob", 1)]
    signal(ann, "now")
    await bob.take("signal")

    const cleo = await connect("cleo", 1)
    const { payload } = await ann.publish(channel, "kept")

    assert.strictEqual(payload.position.offset, 1)
    await cleo.take("publication")
    assert.isFalse(cleo.inbox.some(({ type }) => type === "signal"))
  })

  it.each([
    ["JSON", jsonCodec],
    ["protobuf", protoCodec]
  ])("that may not be is refused in %s, with the id if it has one", async (_, codec) => {
    const ann = await connect("ann", 0, codec)
    const mute = await connect("mute", 0, codec, { "*": ["subscribe", "publish", "presence"] })
    const data = codec.jsonData(1)

    const ask = (client: WireClient, payload: object) => client.request("signal", payload)
    const refusals = [
      await ask(mute, { channel, data }),
      await ask(ann, { channel: `${channel}-elsewhere`, data }),
      await ask(ann, { channel: "nowhere:x", data }),
      await ask(ann, { channel, data: codec.jsonData("x".repeat(1_024)) })
    ]
    ann.sendAll([{ type: "signal", payload: { channel: "nowhere:x", data } }])
    const unnamed = await ann.take("error")

    assert.deepStrictEqual(
      refusals.map(({ payload }) => payload.code),
      ["permission_denied", "not_subscribed", "unknown_namespace", "payload_too_large"]
    )
    assert.deepStrictEqual([unnamed.id, unnamed.payload.code], [undefined, "unknown_namespace"])
  })

  it("has a rate of its own: above it signals are refused, and commands are not", async () => {
    const [ann, bob] = [await connect("ann", 0), await connect("bob", 1)]

    for (let sent = 0; sent < 30; sent++) signal(ann, sent)

    const { payload } = await ann.take("error")
    assert.strictEqual(payload.code, "too_many_requests")
    assert.isAbove(payload.retryAfterMs, 0)
    await ann.publish(channel, "still heard")
    await bob.take("publication")
    const heard = () => bob.inbox.filter(({ type }) => type === "signal").length
    await waitUntil("the burst has come through", () => heard() >= 20)
    await bob.settle()
    assert.isBelow(heard(), 30)
  })

  it("comes through again after its channel's owner has changed", async () => {
    const [ann, bob] = [await connect("ann", 0), await connect("bob", 1)]
    signal(ann, "before")
    await bob.take("signal")

    await mesh.restart("router-1", "SIGKILL")
    await mesh.restart("router-2", "SIGKILL")

    let tried = 0
    await waitUntil("a signal comes through", async () => {
      if (tried++ % 20 === 0) signal(ann, "after")
      return bob.inbox.find(({ type, payload }) => type === "signal" && payload.data === "after")
    })
  })
})
