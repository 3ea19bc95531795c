/**
 * The other requests of DESIGN §6, in JSON: one round trip to come back, pages,
 * rosters, arrays.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { jsonTransports } from "./harness/HttpSocket.ts"
import { jsonCodec } from "./harness/JsonClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { type Codec, type Frame, type Payload, WireClient } from "./harness/WireClient.ts"

describe.each(jsonTransports)("requests in JSON over %s", (_, codec) => {
  let server: WeirProcess
  const open: Array<WireClient> = []
  let count = 0
  const newChannel = () => `chat:requests-${++count}`

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: { limits: { exempt: ["127.0.0.0/8"] } }
    })
  })
  afterAll(async () => {
    for (const client of open) client.close()
    await server?.stop()
  })

  const token = (user: string) => developmentToken(server.http!, user)

  const connect = async (user: string, more: object = {}) => {
    const client = await WireClient.connect(server.http!, codec, {
      token: await token(user),
      ...more
    })
    open.push(client)
    return client
  }

  /** Opened and connected, with the `connected` frame. */
  const connected = async (connect: object, codec: Codec = jsonCodec) => {
    const client = await WireClient.open(server.http!, codec)
    open.push(client)
    return [client, await client.request("connect", { versions: ["1"], ...connect })] as const
  }

  const publishNumbers = async (client: WireClient, channel: string, upTo: number) => {
    const positions: Array<Payload> = []
    for (let number = 1; number <= upTo; number++) {
      positions.push((await client.publish(channel, number)).payload.position)
    }
    return positions
  }

  const numbersOf = (publications: ReadonlyArray<Payload>) => publications.map(({ data }) => data)

  it("connects and subscribes in one round trip, each subscription answered for itself", async () => {
    const [one, other] = [newChannel(), newChannel()]
    const ann = await connect("ann")
    const [since] = await publishNumbers(ann, one, 3)
    await publishNumbers(ann, other, 1)

    const [bob, { payload }] = await connected({
      token: await token("bob"),
      subscriptions: [{ channel: one, since }, { channel: "nowhere:at-all" }, { channel: other }]
    })

    const [first, second, third] = payload.subscriptions
    assert.strictEqual(payload.subscriptions.length, 3)
    assert.deepStrictEqual(Object.keys(first), ["subscribed"])
    assert.deepStrictEqual([first.subscribed.recovered, first.subscribed.next], [true, 2])
    assert.deepStrictEqual(Object.keys(second), ["error"])
    assert.strictEqual(second.error.code, "unknown_namespace")
    assert.deepStrictEqual([third.subscribed.channel, third.subscribed.next], [other, 2])
    await bob.settle()
    assert.deepStrictEqual(
      bob.inbox.map(({ payload }) => [payload.channel, payload.data]),
      [
        [one, 2],
        [one, 3]
      ]
    )
  })

  it("comes back by ticket, as the same session with the same rights", async () => {
    const channel = newChannel()
    const [ann, first] = await connected({ token: await token("ann") })
    const [since] = await publishNumbers(ann, channel, 2)
    ann.close()

    const { ticket } = first.payload
    const [again, { payload }] = await connected({ ticket, subscriptions: [{ channel, since }] })

    const { expiresAt, session } = first.payload
    assert.deepStrictEqual(
      [payload.user, payload.session, payload.expiresAt],
      ["ann", session, expiresAt]
    )
    assert.isTrue(payload.subscriptions[0].subscribed.recovered)
    assert.strictEqual((await again.take("publication")).payload.data, 2)
    assert.strictEqual((await again.publish(channel, 3)).type, "published")
    assert.isAtMost(Buffer.byteLength(ticket), 4_096)
  })

  it("sends nothing more of a channel that was unsubscribed", async () => {
    const channel = newChannel()
    const ann = await connect("ann", { subscriptions: [{ channel }] })

    const answer = await ann.request("unsubscribe", { channel })
    await ann.publish(channel, "unheard")

    assert.deepStrictEqual([answer.type, answer.payload], ["unsubscribed", { channel }])
    await ann.settle()
    assert.deepStrictEqual(ann.inbox, [])
  })

  it("refuses to subscribe twice, and to unsubscribe from what is not subscribed", async () => {
    const channel = newChannel()
    const ann = await connect("ann", { subscriptions: [{ channel }] })

    const twice = await ann.subscribe(channel)
    await ann.request("unsubscribe", { channel })
    const none = await ann.request("unsubscribe", { channel })

    assert.strictEqual(twice.payload.code, "already_subscribed")
    assert.strictEqual(none.payload.code, "not_subscribed")
  })

  it("answers a subscribe before the unsubscribe that was sent right behind it", async () => {
    const channel = newChannel()
    const ann = await connect("ann")

    ann.sendAll([
      { type: "subscribe", id: 101, payload: { channel } },
      { type: "unsubscribe", id: 102, payload: { channel } }
    ])
    const answers: Array<Frame> = []
    while (answers.length < 2) {
      answers.push(await ann.takeWhere("an answer", ({ id }) => id === 101 || id === 102))
    }
    await ann.publish(channel, "unheard")

    assert.deepStrictEqual(
      answers.map(({ id, payload, type }) => [id, type, payload.message]),
      [
        [101, "subscribed", undefined],
        [102, "unsubscribed", undefined]
      ]
    )
    assert.deepStrictEqual(ann.takeValues(channel), [])
  })

  it("accepts a message id once from one user, over whichever connection", async () => {
    const channel = newChannel()
    const [phone, laptop, bob] = [await connect("ann"), await connect("ann"), await connect("bob")]

    const answers = []
    for (const client of [phone, laptop, bob]) {
      answers.push((await client.publish(channel, 1, { messageId: "m-1" })).payload)
    }

    assert.deepStrictEqual(
      answers.map(({ duplicate, position }) => [duplicate, position.offset]),
      [
        [false, 1],
        [true, 1],
        [false, 2]
      ]
    )
  })

  it.each([
    ["from the oldest", false, [[1, 2], [3, 4], [5]]],
    ["from the newest", true, [[5, 4], [3, 2], [1]]]
  ])("pages through history %s", async (_, reverse, expected) => {
    const channel = newChannel()
    const ann = await connect("ann")
    await publishNumbers(ann, channel, 5)

    const pages: Array<ReadonlyArray<number>> = []
    let after = 0
    do {
      const { payload } = await ann.request("history", { channel, after, limit: 2, reverse })
      assert.deepStrictEqual(Object.keys(payload), ["channel", "position", "publications", "next"])
      assert.strictEqual(payload.position.offset, 5)
      pages.push(numbersOf(payload.publications))
      after = payload.next
    } while (after !== 0 && pages.length < 9)

    assert.deepStrictEqual(pages, expected)
  })

  it("answers a ping with a pong of its id", async () => {
    const ann = await connect("ann")

    ann.send("ping", {}, 77)

    const pong = await ann.take("pong")
    assert.deepStrictEqual(Object.keys(pong), ["type", "id", "ts", "payload"])
    assert.deepStrictEqual([pong.id, pong.payload], [77, {}])
  })

  it("takes an array of 64 envelopes, in their order, and not one of 65", async () => {
    const channel = newChannel()
    const ann = await connect("ann", { subscriptions: [{ channel }] })
    const array = (length: number, from: number) =>
      Array.from({ length }, (_, i) => ({
        type: "publish",
        id: from + i,
        payload: { channel, data: i }
      }))

    ann.sendAll(array(64, 1_000))
    await ann.take("published", 1_063)
    const numbers = []
    while (numbers.length < 64) numbers.push((await ann.take("publication")).payload.data)
    ann.sendAll(array(65, 2_000))
    const { payload } = await ann.take("error")

    assert.deepStrictEqual(
      numbers,
      Array.from({ length: 64 }, (_, i) => i)
    )
    assert.strictEqual(payload.code, "bad_request")
    assert.include(payload.message, "64")
  })

  it("sends no arrays to a client that did not ask for them", async () => {
    const channel = newChannel()
    const ann = await connect("ann", { subscriptions: [{ channel }] })

    await publishNumbers(ann, channel, 5)
    await ann.settle()

    assert.isTrue(ann.messages.every((message) => String(message).startsWith("{")))
  })

  it("speaks JSON where no subprotocol is asked for, and ignores fields it does not know", async () => {
    const codec = { ...jsonCodec, protocol: undefined }
    const [ann, { payload }] = await connected({ token: await token("ann"), colour: 1 }, codec)

    ann.sendRaw('{"colour":1,"type":"ping","id":2,"ts":null,"payload":{"colour":{}}}')

    assert.strictEqual(payload.user, "ann")
    await ann.take("pong", 2)
  })

  it("takes 1 and 2^31 - 1 as ids, and a pong without one", async () => {
    const ann = await WireClient.open(server.http!, codec)
    open.push(ann)

    ann.send("connect", { token: await token("ann"), versions: ["2", "1"] }, 1)
    await ann.take("connected", 1)
    ann.sendRaw('{"type":"pong"}')
    ann.send("ping", {}, 2 ** 31 - 1)

    await ann.take("pong", 2 ** 31 - 1)
    assert.deepStrictEqual(ann.inbox, [])
  })
})
