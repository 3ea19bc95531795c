/**
 * The publish API, as a service sees it that was given an address, a key and
 * nothing else.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { apiKey } from "./harness/apiKey.ts"
import { GrpcReflectionClient } from "./harness/GrpcReflectionClient.ts"
import { connectJson } from "./harness/JsonClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { Payload } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const publishService = "weir.api.v1.PublishService"
const key = "dev-key"
const second = apiKey("second", { "chat:*": ["publish"] })

const data = (value: unknown) => Buffer.from(JSON.stringify(value))
const offsetOf = ({ published }: Payload): number => published?.position.offset

describe("the publish API", () => {
  let server: WeirProcess
  let api: GrpcReflectionClient
  const open: Array<{ readonly close: () => void }> = []
  let count = 0
  /** A channel of one test alone. */
  const newChannel = () => `chat:api-${++count}`

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: {
        limits: { exempt: ["127.0.0.0/8"], outboxFrames: 4_096 },
        apiKeys: [second.settings]
      }
    })
    api = await GrpcReflectionClient.connect(server.grpc!)
  })
  afterAll(async () => {
    for (const it of open) it.close()
    api?.close()
    await server?.stop()
  })

  const subscriber = async (channel: string, user = "ann", subscribe: object = {}) => {
    const token = await developmentToken(server.http!, user)
    const subscriptions = [{ channel, ...subscribe }]
    const client = await connectJson(server.http!, { token, subscriptions })
    open.push(client)
    return client
  }

  const publish = (request: object, as = key) => api.call(publishService, "Publish", request, as)

  it("is learned from the server alone", () => {
    assert.includeMembers(
      [...api.services],
      [publishService, "weir.api.v1.HistoryService", "weir.api.v1.PresenceService"]
    )
  })

  it("tells who asks that it serves", async () => {
    const { response } = await api.callRaw("/grpc.health.v1.Health/Check", new Uint8Array())

    assert.strictEqual(response.toString("hex"), "0801")
  })

  it("delivers to a WebSocket client what a service publishes", async () => {
    const channel = newChannel()
    const client = await subscriber(channel)

    const { response } = await publish({ channel, data: data({ text: "hi" }), message_id: "m-1" })

    const { payload } = await client.take("publication")
    assert.deepStrictEqual(payload.position, response.position)
    assert.strictEqual(payload.position.offset, 1)
    assert.strictEqual(payload.messageId, "m-1")
    assert.deepStrictEqual(payload.data, { text: "hi" })
    assert.isFalse(response.duplicate)
  })

  it("delivers each kind of content as what it is", async () => {
    const channel = newChannel()
    const client = await subscriber(channel)

    await publish({ channel, data: data(["json"]), content_type: "application/json" })
    await publish({ channel, data: Buffer.from("täxt\n"), content_type: "text/plain" })
    await publish({ channel, data: Buffer.from([0, 255, 10]), content_type: "image/x-dot" })

    const seen = []
    for (let i = 0; i < 3; i++) {
      const { data, encoding, contentType } = (await client.take("publication")).payload
      seen.push({ data, encoding, contentType })
    }
    assert.deepStrictEqual(seen, [
      { data: ["json"], encoding: undefined, contentType: undefined },
      { data: "täxt\n", encoding: "text", contentType: undefined },
      { data: "AP8K", encoding: "base64", contentType: "image/x-dot" }
    ])
  })

  it("accepts a message id once, and answers the repetition with the first position", async () => {
    const channel = newChannel()
    const client = await subscriber(channel)

    const first = await publish({ channel, data: data(1), message_id: "once" })
    const again = await publish({ channel, data: data(1), message_id: "once" })
    await publish({ channel, data: data("last") })

    assert.isTrue(again.response.duplicate)
    assert.deepStrictEqual(again.response.position, first.response.position)
    await client.takeWhere("the last", ({ payload }) => payload?.data === "last")
    assert.deepStrictEqual(client.takeValues(channel), [1])
  })

  it("takes the same id from another publisher for another message", async () => {
    const channel = newChannel()
    const client = await subscriber(channel)

    const answers = [
      (await publish({ channel, data: data("key"), message_id: "same" })).response,
      (await publish({ channel, data: data("other key"), message_id: "same" }, second.key))
        .response,
      (await client.publish(channel, "client", { messageId: "same" })).payload
    ]

    assert.deepStrictEqual(
      answers.map(({ duplicate }) => duplicate),
      [false, false, false]
    )
    assert.deepStrictEqual(
      answers.map(({ position }) => position.offset),
      [1, 2, 3]
    )
    await client.settle()
    assert.deepStrictEqual(client.takeValues(channel), ["key", "other key", "client"])
  })

  it("answers a batch in its order, each publication for itself", async () => {
    const [one, other] = [newChannel(), newChannel()]

    const { response } = await api.call(
      publishService,
      "PublishBatch",
      {
        publications: [
          { channel: one, data: data(1) },
          { channel: other, data: data(1) },
          { channel: "nowhere:at-all", data: data(1) },
          { channel: one, data: data(2) }
        ]
      },
      key
    )

    assert.deepStrictEqual(response.results.map(offsetOf), [1, 1, undefined, 2])
    assert.strictEqual(response.results[2].failure.code, "unknown_namespace")
  })

  it("delivers 1,000 publications of a stream once and in order", async () => {
    const channel = newChannel()
    const client = await subscriber(channel)
    const numbers = Array.from({ length: 1_000 }, (_, i) => i + 1)
    const requests = []
    for (let at = 0; at < numbers.length; at += 100) {
      const publications = numbers
        .slice(at, at + 100)
        .map((number) => ({ channel, data: data(number), message_id: `n-${number}` }))
      requests.push({ publications })
    }

    const { end, responses } = await api.stream(publishService, "PublishStream", requests, key)

    assert.strictEqual(end.code, 0)
    const offsets = responses.flatMap(({ results }) => results.map(offsetOf))
    assert.deepStrictEqual(offsets, numbers)
    const received: Array<unknown> = []
    await waitUntil("the last of 1,000 is delivered", () => {
      received.push(...client.takeValues(channel))
      return received.includes(1_000)
    })
    await client.settle()
    assert.deepStrictEqual([...received, ...client.takeValues(channel)], numbers)
  })

  it("answers one message of a stream before the next is sent", async () => {
    const channel = newChannel()

    const one = { publications: [{ channel, data: data(1), message_id: "s-1" }] }
    const { responses } = await api.stream(publishService, "PublishStream", [one, one], key)

    assert.deepStrictEqual(
      responses.map(({ results }) => results.map(offsetOf)),
      [[1], [1]]
    )
    assert.deepStrictEqual(
      responses.map(({ results }) => results[0].published.duplicate),
      [false, true]
    )
  })

  it("pages through a channel's history, both ways", async () => {
    const channel = newChannel()
    const publications = [1, 2, 3, 4, 5].map((value) => ({ channel, data: data(value) }))
    await api.call(publishService, "PublishBatch", { publications }, key)
    const pages = async (reverse: boolean) => {
      const seen: Array<ReadonlyArray<number>> = []
      let after = 0
      do {
        const request = { channel, after, limit: 2, reverse }
        const { response } = await api.call(
          "weir.api.v1.HistoryService",
          "GetHistory",
          request,
          key
        )
        assert.strictEqual(response.position.offset, 5)
        seen.push(response.entries.map(({ data }: Payload) => Number(data.toString())))
        after = response.next
      } while (after !== 0 && seen.length < 9)
      return seen
    }

    assert.deepStrictEqual(await pages(false), [[1, 2], [3, 4], [5]])
    assert.deepStrictEqual(await pages(true), [[5, 4], [3, 2], [1]])
  })

  it("says in history who published what, and when", async () => {
    const channel = newChannel()
    const { response } = await publish({ channel, data: data(1), message_id: "m-1" }, second.key)

    const history = await api.call("weir.api.v1.HistoryService", "GetHistory", { channel }, key)

    const [entry] = history.response.entries
    assert.deepStrictEqual(entry.position, response.position)
    assert.deepStrictEqual([entry.publisher, entry.message_id], ["second", "m-1"])
    assert.approximately(entry.published_at, Date.now(), 60_000)
  })

  it("shows in the roster who announced itself over a WebSocket", async () => {
    const channel = newChannel()
    await subscriber(channel, "bob", { member: { data: { mood: "calm" } } })

    const roster = await waitUntil("bob is in the roster", async () => {
      const { response } = await api.call(
        "weir.api.v1.PresenceService",
        "GetPresence",
        { channel },
        key
      )
      return response.member_count > 0 && response
    })

    const [member] = roster.members
    assert.strictEqual(member.user, "bob")
    assert.deepStrictEqual(JSON.parse(member.data.toString()), { mood: "calm" })
    assert.deepStrictEqual([roster.member_count, roster.user_count, roster.next], [1, 1, ""])
  })
})
