/**
 * What a token does not allow is refused in either encoding, and nothing of it
 * happens.
 */
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { pollCodec, sseCodec } from "./harness/HttpSocket.ts"
import { jsonCodec } from "./harness/JsonClient.ts"
import { protoCodec } from "./harness/ProtoClient.ts"
import { auth, tokenFor } from "./harness/Tokens.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"
import { type Codec, type Frame, type Payload, WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const verbs = ["subscribe", "publish", "history", "presence", "signal"]
const allBut = (verb: string) => ({ "*": verbs.filter((it) => it !== verb) })

const encodings = [
  ["JSON", jsonCodec],
  ["protobuf", protoCodec],
  ["SSE", sseCodec],
  ["long-polling", pollCodec]
] as const

describe("a client", () => {
  let server: WeirProcess
  let admin: WireClient
  let channel: string
  let count = 0
  const open: Array<WireClient> = []

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: {
        auth,
        limits: { exempt: ["127.0.0.0/8"] },
        namespaces: {
          chat: { presence: true, clientPublish: true },
          news: { presence: true },
          quiet: { clientPublish: true }
        }
      }
    })
  })
  beforeEach(async () => {
    channel = `chat:access-${++count}`
    admin = await connect("admin", { "*": verbs })
    await admin.subscribe(channel, { presence: true })
  })
  afterEach(() => {
    for (const client of open.splice(0)) client.close()
  })
  afterAll(() => server?.stop())

  const connect = async (
    user: string,
    capabilities?: Readonly<Record<string, ReadonlyArray<string>>>,
    codec: Codec = jsonCodec
  ) => {
    const token = await tokenFor(user, capabilities)
    const client = await WireClient.connect(server.http!, codec, { token })
    open.push(client)
    return client
  }

  const assertDenied = ({ payload, type }: Frame) => {
    assert.deepStrictEqual([type, payload.code], ["error", "permission_denied"])
    assert.strictEqual(payload.retryAfterMs, 0)
  }

  const rosterOf = async (name: string) => {
    const { payload } = await admin.request("presence", { channel: name })
    return payload.members.map(({ user }: Payload) => user)
  }

  /** Publishes as somebody who may, and waits until it was delivered. */
  const publishAsAdmin = async (value: unknown) => {
    await admin.publish(channel, value)
    await waitUntil("the admin's publication is delivered", () =>
      admin.takeValues(channel).includes(value)
    )
  }

  describe.each(encodings)("in %s", (_, codec) => {
    it("that may not subscribe gets no publication and is in no roster", async () => {
      const client = await connect("mallory", allBut("subscribe"), codec)

      assertDenied(await client.subscribe(channel))
      assertDenied(await client.subscribe(channel, { member: {} }))
      await publishAsAdmin("secret")

      await client.settle()
      assert.deepStrictEqual(client.inbox, [])
      assert.deepStrictEqual(await rosterOf(channel), [])
    })

    it("that may not subscribe may not while it connects either", async () => {
      const token = await tokenFor("mallory", allBut("subscribe"))
      const client = await WireClient.open(server.http!, codec)
      open.push(client)

      const subscriptions = [{ channel, member: {} }]
      const { payload } = await client.request("connect", { token, versions: ["1"], subscriptions })
      await publishAsAdmin("secret")

      assert.strictEqual(payload.subscriptions[0].error.code, "permission_denied")
      await client.settle()
      assert.deepStrictEqual(client.inbox, [])
      assert.deepStrictEqual(await rosterOf(channel), [])
    })

    it("that may not publish reaches nobody and leaves nothing in the log", async () => {
      const client = await connect("mallory", allBut("publish"), codec)

      assertDenied(await client.publish(channel, "forged"))
      const { payload } = await admin.publish(channel, "real")

      assert.strictEqual(payload.position.offset, 1)
      const first = await admin.take("publication")
      assert.strictEqual(first.payload.data, "real")
    })

    it("that may not read history gets no page, and no past by `rewind`", async () => {
      await publishAsAdmin("past")
      const client = await connect("mallory", allBut("history"), codec)

      assertDenied(await client.request("history", { channel }))
      assertDenied(await client.subscribe(channel, { rewind: { last: 1 } }))

      await client.settle()
      assert.deepStrictEqual(client.inbox, [])
    })

    it("that may not use presence sees no roster and no change of it, and is in none", async () => {
      const client = await connect("mallory", allBut("presence"), codec)

      assertDenied(await client.request("presence", { channel }))
      assertDenied(await client.request("presence", { channel, counts: true }))
      assertDenied(await client.subscribe(channel, { presence: true }))
      assertDenied(await client.subscribe(channel, { member: {} }))
      const bob = await connect("bob", { "*": verbs })
      await bob.subscribe(channel, { member: {} })
      await admin.takeWhere(
        "bob's joining",
        ({ payload, type }) => type === "presenceChange" && payload.joined[0]?.user === "bob"
      )

      await client.settle()
      assert.deepStrictEqual(client.inbox, [])
      assert.deepStrictEqual(await rosterOf(channel), ["bob"])
    })

    it("with a token of no capabilities may do nothing, and stays connected", async () => {
      const client = await connect("mallory", undefined, codec)

      for (const answer of [
        await client.subscribe(channel),
        await client.publish(channel, 1),
        await client.request("history", { channel }),
        await client.request("presence", { channel })
      ]) {
        assertDenied(answer)
      }
      await client.settle()
    })

    it("may use a verb where the longest pattern that matches says so", async () => {
      const client = await connect(
        "ann",
        {
          "*": ["history"],
          "chat:*": ["subscribe", "publish"],
          "chat:secret-*": [],
          "chat:secret-club": ["subscribe"]
        },
        codec
      )
      const allowed = async (name: string) => {
        const subscribed = await client.subscribe(name)
        const published = await client.publish(name, 1)
        const history = await client.request("history", { channel: name })
        return [subscribed, published, history].map(({ type }) => type)
      }

      assert.deepStrictEqual(await allowed("news:today"), ["error", "error", "history"])
      assert.deepStrictEqual(await allowed("chat:open"), ["subscribed", "published", "error"])
      assert.deepStrictEqual(await allowed("chat:secret-plan"), ["error", "error", "error"])
      assert.deepStrictEqual(await allowed("chat:secret-club"), ["subscribed", "error", "error"])
      assert.deepStrictEqual(await allowed("chat:secret-club2"), ["error", "error", "error"])
    })

    it("is refused where the namespace says no, whatever its token says", async () => {
      const client = await connect("ann", { "*": verbs }, codec)

      assertDenied(await client.publish("news:today", "forged"))
      assertDenied(await client.request("presence", { channel: "quiet:room" }))
      assertDenied(await client.subscribe("quiet:room", { member: {} }))
      assertDenied(await client.subscribe("quiet:room", { presence: true }))
      const { payload } = await client.request("history", { channel: "news:today" })

      assert.deepStrictEqual(payload.publications, [])
      assert.strictEqual((await client.subscribe("quiet:room")).type, "subscribed")
    })

    it("finds no namespace that is not configured, whatever its token says", async () => {
      const client = await connect("ann", { "*": verbs }, codec)

      for (const answer of [
        await client.subscribe("live:room"),
        await client.publish("live:room", 1),
        await client.request("history", { channel: "live:room" }),
        await client.request("presence", { channel: "live:room" })
      ]) {
        assert.deepStrictEqual([answer.type, answer.payload.code], ["error", "unknown_namespace"])
      }
    })
  })

  it("has with a ticket the rights of its token, no more", async () => {
    const first = await WireClient.open(server.http!, jsonCodec)
    open.push(first)
    const token = await tokenFor("mallory", allBut("publish"))
    const { payload } = await first.request("connect", { token, versions: ["1"] })

    const again = await WireClient.connect(server.http!, jsonCodec, { ticket: payload.ticket })
    open.push(again)

    assert.strictEqual((await again.subscribe(channel)).type, "subscribed")
    assertDenied(await again.publish(channel, "forged"))
  })

  it("without a user is the same publisher again after it came back by ticket", async () => {
    const anonymous = { "*": verbs }
    const first = await WireClient.open(server.http!, jsonCodec)
    const stranger = await connect("", anonymous)
    const token = await tokenFor("", anonymous)
    const { payload } = await first.request("connect", { token, versions: ["1"] })
    const back = await WireClient.connect(server.http!, jsonCodec, { ticket: payload.ticket })
    open.push(first, back)

    const duplicates = []
    for (const client of [first, back, stranger]) {
      const answer = await client.publish(channel, 1, { messageId: "m-1" })
      duplicates.push(answer.payload.duplicate)
    }
    const { payload: publication } = await admin.take("publication")

    assert.strictEqual(payload.user, "")
    assert.deepStrictEqual(duplicates, [false, true, false])
    assert.notStrictEqual(publication.publisher, "")
    assert.notStrictEqual(publication.publisher, payload.session)
  })

  it("has after a `refresh` the rights of the new token", async () => {
    const client = await connect("ann", allBut("publish"))
    assertDenied(await client.publish(channel, 1))

    const wider = await client.request("refresh", { token: await tokenFor("ann", { "*": verbs }) })
    const published = await client.publish(channel, 2)
    const stranger = await client.request("refresh", {
      token: await tokenFor("bob", { "*": verbs })
    })

    assert.strictEqual(wider.type, "refreshed")
    assert.deepStrictEqual(Object.keys(wider.payload), ["expiresAt", "ticket"])
    assert.strictEqual(published.type, "published")
    assertDenied(stranger)
  })
})
