/**
 * What a server can do beyond version 1, for a client that asks for it, in both encodings.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { jsonCodec } from "./harness/JsonClient.ts"
import { protoCodec } from "./harness/ProtoClient.ts"
import { auth, tokenFor } from "./harness/Tokens.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"
import { WireClient } from "./harness/WireClient.ts"

const verbs = ["subscribe", "publish", "history", "presence", "signal"]

let server: WeirProcess
const open: Array<WireClient> = []

beforeAll(async () => {
  server = await start({
    program: "standalone",
    config: {
      auth,
      limits: { exempt: ["127.0.0.0/8"] },
      namespaces: { chat: { clientPublish: true } }
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
})
