/**
 * What a server can do beyond version 1, for a client that asks for it, in both encodings.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { jsonCodec } from "./harness/JsonClient.ts"
import { protoCodec } from "./harness/ProtoClient.ts"
import { auth, signToken, tokenFor } from "./harness/Tokens.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"
import { type Payload, WireClient } from "./harness/WireClient.ts"

const verbs = ["subscribe", "publish", "history", "presence", "signal"]

let server: WeirProcess
const open: Array<WireClient> = []

beforeAll(async () => {
  server = await start({
    program: "standalone",
    config: {
      auth,
      limits: { exempt: ["127.0.0.0/8"] },
      namespaces: { chat: { clientPublish: true }, user: { clientPublish: true } }
    }
  })
})
afterAll(async () => {
  for (const client of open) client.close()
  await server?.stop()
})

describe.each([
  ["JSON", jsonCodec],
  ["protobuf", protoCodec]
] as const)("in %s", (encoding, codec) => {
  const connect = async (user: string, more: object = {}) => {
    const token = await tokenFor(user, { "*": verbs })
    const client = await WireClient.connect(server.http!, codec, { token, ...more })
    open.push(client)
    return client
  }

  describe("a publication that is not to come back", () => {
    it.each([
      ["with an id of its own", { messageId: "m-1" }],
      ["without one", {}]
    ])("%s reaches everybody else, also the same user elsewhere", async (_, id) => {
      const channel = `chat:exclude-${encoding}-${Object.keys(id).length}`
      const subscriptions = [{ channel }]
      const ann = await connect("ann", { subscriptions })
      const others = [
        await connect("ann", { subscriptions }),
        await connect("bob", { subscriptions })
      ]

      const first = await ann.publish(channel, "mine", { excludeSelf: true, ...id })
      await ann.publish(channel, "everybody's")

      for (const other of others) {
        const { payload } = await other.take("publication")
        assert.deepStrictEqual(payload.position, first.payload.position)
        await other.take("publication")
      }
      // Of the hole in its offsets `published` has told: it is no gap.
      const { payload } = await ann.take("publication")
      assert.strictEqual(codec.jsonValue(payload), "everybody's")
      assert.strictEqual(payload.position.offset, first.payload.position.offset + 1)
      await ann.settle()
      assert.deepStrictEqual(ann.inbox, [])
    })

    it("is there for who reads the log, whoever published it", async () => {
      const channel = `chat:exclude-log-${encoding}`
      const ann = await connect("ann", { subscriptions: [{ channel }] })
      await ann.publish(channel, "mine", { excludeSelf: true })

      const { payload } = await ann.request("history", { channel })
      assert.lengthOf(payload.publications, 1)
      const again = await connect("ann")
      await again.subscribe(channel, { rewind: { last: 1 } })
      assert.strictEqual(codec.jsonValue((await again.take("publication")).payload), "mine")
    })
  })

  describe("a token with subscriptions", () => {
    const claims = (channels: ReadonlyArray<string>, more: object = {}) => ({
      subscriptions: channels,
      capabilities: { "chat:*": ["publish"], "user:*": ["publish"] },
      ...more
    })
    const hello = async (payload: object) => {
      const client = await WireClient.open(server.http!, codec)
      open.push(client)
      client.send("connect", { versions: ["1"], ...payload })
      return { client, connected: (await client.take("connected")).payload }
    }

    it("subscribes its client as it connects, but to what that names itself", async () => {
      const [own, named] = [`user:token-${encoding}`, `chat:token-${encoding}`]
      const bob = await connect("bob")
      await bob.publish(named, "before")
      const token = await signToken({ claims: claims([own, named]) })
      const subscriptions = [{ channel: named, since: { epoch: "x", term: 1, offset: 1 } }]

      const { client, connected } = await hello({ token, subscriptions })
      assert.deepStrictEqual(
        connected.serverSubscriptions.map((it: Payload) => it.subscribed.channel),
        [own]
      )
      assert.strictEqual(connected.subscriptions[0].subscribed.reason, "epoch_changed")

      await bob.publish(own, "to me")
      const { payload } = await client.take("publication")
      assert.deepStrictEqual([payload.channel, codec.jsonValue(payload)], [own, "to me"])

      // With the ticket a client says what it wants, and may.
      const since = { epoch: payload.position.epoch, term: payload.position.term, offset: 0 }
      const back = await hello({
        ticket: connected.ticket,
        subscriptions: [{ channel: own, since }]
      })
      assert.isEmpty(back.connected.serverSubscriptions ?? [])
      assert.isTrue(back.connected.subscriptions[0].subscribed.recovered)
    })

    it("is refused what there is not, by name, and connected all the same", async () => {
      const token = await signToken({ claims: claims(["nowhere:a", `user:there-${encoding}`]) })

      const { client, connected } = await hello({ token })
      const [refused, there] = connected.serverSubscriptions
      assert.strictEqual(refused.error.code, "unknown_namespace")
      assert.match(refused.error.message, /^nowhere:a: /)
      assert.strictEqual(there.subscribed.channel, `user:there-${encoding}`)
      await client.settle()
    })

    it("keeps what it gave until the next connect, whatever a refresh brings", async () => {
      const [first, second] = ["first", "second"].map((it) => `user:${it}-${encoding}`)
      const all = { capabilities: { "*": verbs } }
      const { client } = await hello({ token: await signToken({ claims: claims([first!], all) }) })

      const token = await signToken({ claims: claims([second!], all) })
      assert.strictEqual((await client.request("refresh", { token })).type, "refreshed")
      assert.strictEqual((await client.subscribe(first!)).payload.code, "already_subscribed")
      assert.strictEqual((await client.subscribe(second!)).type, "subscribed")
    })
  })
})
