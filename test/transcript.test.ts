/**
 * The conversations of DESIGN §6, as a program without our SDK has them: the
 * frames, their fields and the fields' order.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { jsonTransports } from "./harness/HttpSocket.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { type Frame, type Payload, WireClient } from "./harness/WireClient.ts"

/** What differs from run to run; its type does not. */
const varying = new Set(["ts", "session", "ticket", "epoch", "term", "expiresAt", "publishedAt"])

/** The frame as text, with the type in the place of what varies. */
const shape = (frame: object): string =>
  JSON.stringify(frame, (key, value) => (varying.has(key) ? typeof value : value))

const position = (offset: number) => `{"epoch":"string","term":"number","offset":${offset}}`

const offsets = (frames: ReadonlyArray<Frame>): ReadonlyArray<number> =>
  frames.map(({ payload }) => payload.position.offset)

describe.each(jsonTransports)("a conversation in JSON over %s", (_, codec) => {
  let server: WeirProcess
  const open: Array<WireClient> = []
  let count = 0
  const newChannel = (namespace: string) => `${namespace}:transcript-${++count}`

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: {
        limits: { exempt: ["127.0.0.0/8"] },
        namespaces: {
          chat: { presence: true, clientPublish: true },
          small: { historySize: 4, clientPublish: true },
          state: { historySize: 1, slowConsumer: "conflate", clientPublish: true },
          live: { logged: false, clientPublish: true },
          news: {}
        }
      }
    })
  })
  afterAll(async () => {
    for (const client of open) client.close()
    await server?.stop()
  })

  const connect = async (user: string, more: object = {}) => {
    const token = await developmentToken(server.http!, user)
    const client = await WireClient.connect(server.http!, codec, { token, ...more })
    open.push(client)
    return client
  }

  /** Publishes the numbers from 1 on, and gives the position of each. */
  const publishNumbers = async (client: WireClient, channel: string, upTo: number) => {
    const ids = Array.from({ length: upTo }, () => client.nextId())
    client.sendAll(ids.map((id, i) => ({ type: "publish", id, payload: { channel, data: i + 1 } })))
    const positions: Array<Payload> = []
    for (const id of ids) positions.push((await client.take("published", id)).payload.position)
    return positions
  }

  const publications = async (client: WireClient, many: number) => {
    const frames: Array<Frame> = []
    while (frames.length < many) frames.push(await client.take("publication"))
    return frames
  }

  it("goes as the protocol's page says", async () => {
    const channel = "chat:lobby"
    const [, , third] = (await publishNumbers(await connect("bob"), channel, 41)).slice(35)
    const ann = await WireClient.open(server.http!, codec)
    open.push(ann)
    const token = await developmentToken(server.http!, "ann")

    ann.sendRaw(`{"type":"connect","id":1,"payload":{"token":"${token}","versions":["1"]}}`)
    assert.strictEqual(
      shape(await ann.take("connected")),
      '{"type":"connected","id":1,"ts":"number","payload":{"version":"1","session":"string","ticket":"string","user":"ann","heartbeatMs":25000,"expiresAt":"number","features":["batch","excludeSelf","maxRate","serverSubscriptions"]}}'
    )
    ann.sendRaw('{"type":"subscribe","id":2,"payload":{"channel":"chat:lobby"}}')
    assert.strictEqual(
      shape(await ann.take("subscribed")),
      `{"type":"subscribed","id":2,"ts":"number","payload":{"channel":"chat:lobby","position":${position(41)},"recovered":false,"next":42,"delivery":"all"}}`
    )
    ann.sendRaw(
      '{"type":"publish","id":3,"payload":{"channel":"chat:lobby","data":{"text":"hi"},"messageId":"m-1"}}'
    )
    assert.strictEqual(
      shape(await ann.take("published")),
      `{"type":"published","id":3,"ts":"number","payload":{"position":${position(42)},"duplicate":false}}`
    )
    const hi = `{"type":"publication","ts":"number","payload":{"channel":"chat:lobby","position":${position(42)},"messageId":"m-1","publisher":"ann","publishedAt":"number","data":{"text":"hi"}}}`
    assert.strictEqual(shape(await ann.take("publication")), hi)

    const again = await connect("ann")
    assert.strictEqual(third.offset, 38)
    again.send("subscribe", { channel, since: third }, 9)
    assert.strictEqual(
      shape(await again.take("subscribed")),
      `{"type":"subscribed","id":9,"ts":"number","payload":{"channel":"chat:lobby","position":${position(42)},"recovered":true,"next":39,"delivery":"all"}}`
    )
    const replayed = await publications(again, 4)
    assert.deepStrictEqual(offsets(replayed), [39, 40, 41, 42])
    assert.strictEqual(shape(replayed[3]!), hi)
    await ann.publish(channel, "live")
    assert.deepStrictEqual(offsets(await publications(again, 1)), [43])
  })

  it("leaves out of a publication what its publisher left out", async () => {
    const channel = newChannel("chat")
    const ann = await connect("ann", { subscriptions: [{ channel }] })

    await ann.publish(channel, null)

    assert.strictEqual(
      shape(await ann.take("publication")),
      `{"type":"publication","ts":"number","payload":{"channel":"${channel}","position":${position(1)},"publisher":"ann","publishedAt":"number","data":null}}`
    )
  })

  it("refuses one request with an error, and goes on", async () => {
    const ann = await connect("ann")

    ann.send("publish", { channel: "news:today", data: 1 }, 4)
    const error = await ann.take("error")

    assert.isString(error.payload.message)
    assert.strictEqual(
      shape({ ...error, payload: { ...error.payload, message: "…" } }),
      '{"type":"error","id":4,"ts":"number","payload":{"code":"permission_denied","message":"…","retryAfterMs":0}}'
    )
    await ann.settle()
  })

  it("says `trimmed` to a client that was away too long, and sends what is still stored", async () => {
    const channel = newChannel("small")
    const ann = await connect("ann")
    const [, second] = await publishNumbers(ann, channel, 10)

    const { payload } = await ann.subscribe(channel, { since: second })

    assert.strictEqual(
      shape(payload),
      `{"channel":"${channel}","position":${position(10)},"recovered":false,"reason":"trimmed","next":7,"delivery":"all"}`
    )
    await ann.publish(channel, 11)
    assert.deepStrictEqual(offsets(await publications(ann, 5)), [7, 8, 9, 10, 11])
    await ann.settle()
    assert.deepStrictEqual(ann.inbox, [])
  })

  it("recovers a client that comes back at the edge of what is stored", async () => {
    const channel = newChannel("small")
    const ann = await connect("ann")
    const positions = await publishNumbers(ann, channel, 10)

    const { payload } = await ann.subscribe(channel, { since: positions[5] })

    assert.deepStrictEqual([payload.recovered, payload.next], [true, 7])
    assert.deepStrictEqual(offsets(await publications(ann, 4)), [7, 8, 9, 10])
  })

  it.each([
    ["another epoch", "epoch_changed", (head: Payload) => ({ ...head, epoch: "another" })],
    ["beyond the head", "rolled_back", (head: Payload) => ({ ...head, offset: head.offset + 1 })],
    ["another term there", "rolled_back", (head: Payload) => ({ ...head, term: head.term - 1 })]
  ])("replays nothing to a position of %s: %s", async (_, reason, change) => {
    const channel = newChannel("chat")
    const ann = await connect("ann")
    const [, , head] = await publishNumbers(ann, channel, 3)

    const { payload } = await ann.subscribe(channel, { since: change(head) })

    assert.strictEqual(
      shape(payload),
      `{"channel":"${channel}","position":${position(3)},"recovered":false,"reason":"${reason}","next":4,"delivery":"all"}`
    )
    await ann.publish(channel, 4)
    assert.deepStrictEqual(offsets(await publications(ann, 1)), [4])
    assert.deepStrictEqual(ann.inbox, [])
  })

  it("recovers from a position before the first while nothing is trimmed", async () => {
    const channel = newChannel("chat")
    const ann = await connect("ann")
    const [first] = await publishNumbers(ann, channel, 3)

    const { payload } = await ann.subscribe(channel, { since: { ...first, offset: 0 } })

    assert.deepStrictEqual([payload.recovered, payload.next], [true, 1])
    assert.deepStrictEqual(offsets(await publications(ann, 3)), [1, 2, 3])
  })

  it("brings a client that wants only the newest up to it", async () => {
    const channel = newChannel("state")
    const ann = await connect("ann")
    const [first] = await publishNumbers(ann, channel, 3)

    const { payload } = await ann.subscribe(channel, { since: first })

    assert.strictEqual(
      shape(payload),
      `{"channel":"${channel}","position":${position(3)},"recovered":true,"next":3,"delivery":"latest"}`
    )
    assert.deepStrictEqual(offsets(await publications(ann, 1)), [3])
  })

  it("recovers an unlogged channel only at its head", async () => {
    const channel = newChannel("live")
    const ann = await connect("ann")
    const bob = await connect("bob", { subscriptions: [{ channel }] })
    const [, second, head] = await publishNumbers(bob, channel, 3)

    const behind = await ann.subscribe(channel, { since: second })
    await ann.request("unsubscribe", { channel })
    const level = await ann.subscribe(channel, { since: head })

    assert.deepStrictEqual([behind.payload.recovered, behind.payload.next], [false, 4])
    assert.deepStrictEqual([level.payload.recovered, level.payload.next], [true, 4])
    assert.notProperty(level.payload, "reason")
  })

  it("begins a subscription with the last publications, if asked to", async () => {
    const channel = newChannel("chat")
    const ann = await connect("ann")
    await publishNumbers(ann, channel, 5)

    const { payload } = await ann.subscribe(channel, { rewind: { last: 2 } })

    assert.deepStrictEqual([payload.recovered, payload.next], [false, 4])
    assert.deepStrictEqual(offsets(await publications(ann, 2)), [4, 5])
  })
})
