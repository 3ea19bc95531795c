/**
 * The two encodings of the client protocol: the same conversation in protobuf,
 * and data that must be the same for readers of either.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import protobuf from "protobufjs"
import { connectJson } from "./harness/JsonClient.ts"
import { concat, connectProto, encodeFrame, openProto, toRecord } from "./harness/ProtoClient.ts"
import { PublishClient } from "./harness/PublishClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { Payload, WireClient } from "./harness/WireClient.ts"

const utf8 = (text: string) => Buffer.from(text)

/** What a publication says to a reader of JSON, as the content that it is. */
const contentOfJson = ({ contentType, data, encoding }: Payload) => {
  switch (encoding) {
    case undefined:
      return { contentType: "", data: utf8(JSON.stringify(data)) }
    case "text":
      return { contentType: "text/plain", data: utf8(data) }
    default:
      return { contentType, data: Buffer.from(data, encoding) }
  }
}

const contentOfProto = ({ contentType, data }: Payload) => ({
  contentType,
  data: Buffer.from(data)
})

describe("the encodings", () => {
  let server: WeirProcess
  const open: Array<WireClient> = []
  let count = 0
  const newChannel = () => `chat:encodings-${++count}`

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

  /** One reader for each encoding, both subscribed. */
  const readers = async (channel: string) => {
    const subscriptions = [{ channel }]
    const json = await connectJson(server.http!, { token: await token("json"), subscriptions })
    const proto = await connectProto(server.http!, { token: await token("proto"), subscriptions })
    open.push(json, proto)
    return { json, proto }
  }

  it("hold the same conversation in protobuf, in records with their length", async () => {
    const channel = newChannel()
    const ann = await openProto(server.http!)
    open.push(ann)

    ann.send("connect", { token: await token("ann"), versions: ["1"] }, 1)
    const { payload: connected } = await ann.take("connected", 1)
    ann.send("subscribe", { channel }, 2)
    const { payload: subscribed } = await ann.take("subscribed", 2)
    ann.send("publish", { channel, data: utf8('{"text":"hi"}'), messageId: "m-1" }, 3)
    const { payload: published } = await ann.take("published", 3)
    const publication = await ann.take("publication")

    assert.deepStrictEqual(
      [connected.version, connected.user, connected.heartbeatMs],
      ["1", "ann", 25_000]
    )
    assert.deepStrictEqual(
      [subscribed.position.offset, subscribed.recovered, subscribed.next, subscribed.delivery],
      [0, false, 1, "all"]
    )
    assert.deepStrictEqual([published.position.offset, published.duplicate], [1, false])
    const { data, publishedAt, ...rest } = publication.payload
    assert.deepStrictEqual(rest, {
      channel,
      position: published.position,
      key: "",
      messageId: "m-1",
      publisher: "ann",
      contentType: ""
    })
    assert.strictEqual(Buffer.from(data).toString(), '{"text":"hi"}')
    assert.approximately(publishedAt, publication.ts!, 60_000)
    assert.notProperty(publication, "id")
    for (const message of ann.messages as ReadonlyArray<Uint8Array>) {
      const reader = protobuf.Reader.create(message)
      while (reader.pos < reader.len) reader.skip(reader.uint32())
      assert.strictEqual(reader.pos, message.byteLength)
    }
  })

  it("put several publications into one message for those who asked for that", async () => {
    const channel = newChannel()
    const subscriptions = [{ channel }]
    const ask = { token: await token("ann"), batch: true, subscriptions }
    const asked = [await connectJson(server.http!, ask), await connectProto(server.http!, ask)]
    const others = Object.values(await readers(channel))
    open.push(...asked)

    const publisher = new PublishClient(server.grpc!)
    await publisher.publishAll(
      Array.from({ length: 100 }, (_, n) => ({ channel, data: utf8(`${n}`) }))
    )
    publisher.close()
    for (const client of [...asked, ...others]) {
      for (let offset = 1; offset <= 100; offset++) {
        const { payload } = await client.take("publication")
        assert.strictEqual(payload.position.offset, offset)
      }
    }
    for (const { messages } of asked) assert.isBelow(messages.length, 10)
    for (const { messages } of others) assert.isAtLeast(messages.length, 101)
  })

  it("resume in protobuf", async () => {
    const channel = newChannel()
    const ann = await connectProto(server.http!, { token: await token("ann") })
    open.push(ann)
    const { payload } = await ann.publish(channel, 1)
    await ann.publish(channel, 2)

    const { payload: subscribed } = await ann.subscribe(channel, { since: payload.position })

    assert.deepStrictEqual([subscribed.recovered, subscribed.next], [true, 2])
    await ann.take("publication")
    await ann.settle()
    assert.deepStrictEqual(ann.takeValues(channel), [])
  })

  it("take several records in one message", async () => {
    const channel = newChannel()
    const ann = await connectProto(server.http!, { token: await token("ann") })
    open.push(ann)

    ann.sendRaw(
      concat([
        toRecord(encodeFrame({ id: 50, type: "subscribe", payload: { channel } })),
        toRecord(encodeFrame({ type: "pong" })),
        toRecord(encodeFrame({ id: 51, type: "ping" }))
      ])
    )

    await ann.take("subscribed", 50)
    await ann.take("pong", 51)
  })

  it("refuse a request in protobuf with an error", async () => {
    const ann = await connectProto(server.http!, { token: await token("ann") })
    open.push(ann)

    const { payload, type } = await ann.publish("nowhere:at-all", 1)

    assert.deepStrictEqual([type, payload.code], ["error", "unknown_namespace"])
    assert.strictEqual(payload.retryAfterMs, 0)
  })

  const contents = [
    {
      kind: "a JSON value",
      json: { data: { text: "zwölf", list: [1, null, "a\nb"] } },
      proto: { contentType: "", data: utf8('{"text":"zwölf","list":[1,null,"a\\nb"]}') }
    },
    {
      kind: "text",
      json: { data: 'zwölf\n"quoted"\u2028\u0000', encoding: "text" },
      proto: { contentType: "text/plain", data: utf8('zwölf\n"quoted"\u2028\u0000') }
    },
    {
      kind: "binary",
      json: { data: "AP8KgA==", encoding: "base64", contentType: "image/x-dot" },
      proto: { contentType: "image/x-dot", data: Buffer.from([0, 255, 10, 128]) }
    }
  ]
  it.each(contents)("carry $kind to readers of both, from writers of both", async (content) => {
    const channel = newChannel()
    const { json, proto } = await readers(channel)

    assert.strictEqual((await json.request("publish", { channel, ...content.json })).id, 2)
    await proto.request("publish", { channel, ...content.proto })

    for (const _ of ["from JSON", "from protobuf"]) {
      const { payload } = await json.take("publication")
      assert.deepStrictEqual(contentOfJson(payload), content.proto)
      assert.deepStrictEqual(
        contentOfProto((await proto.take("publication")).payload),
        content.proto
      )
    }
  })

  it("keep JSON as it was written, but for line breaks outside strings", async () => {
    const channel = newChannel()
    const { json, proto } = await readers(channel)

    const data = utf8('{\r\n "id" : 12345678901234567890,\n"line": "a\\nb" }\n')
    await proto.request("publish", { channel, data })

    const { payload } = await proto.take("publication")
    const stored = '{ "id" : 12345678901234567890,"line": "a\\nb" }'
    assert.strictEqual(Buffer.from(payload.data).toString(), stored)
    await json.take("publication")
    const [text] = json.messages.filter((message) => String(message).includes('"publication"'))
    assert.include(text, `"data":${stored}`)
  })

  it("keep the digits of a number that is too large for JavaScript", async () => {
    const channel = newChannel()
    const { json, proto } = await readers(channel)

    json.sendRaw(
      `{"type":"publish","id":9,"payload":{"channel":"${channel}","data":12345678901234567890}}`
    )

    const { payload } = await proto.take("publication")
    assert.strictEqual(Buffer.from(payload.data).toString(), "12345678901234567890")
  })

  it("read each other's history", async () => {
    const channel = newChannel()
    const { json, proto } = await readers(channel)
    await json.publish(channel, { from: "json" })
    await proto.publish(channel, { from: "proto" })

    const { payload: inJson } = await json.request("history", { channel })
    const { payload: inProto } = await proto.request("history", { channel })

    const read = ({ publications }: Payload, client: WireClient) =>
      publications.map((payload: Payload) => [
        payload.publisher,
        payload.position.offset,
        client.codec.jsonValue(payload)
      ])
    assert.deepStrictEqual(read(inJson, json), [
      ["json", 1, { from: "json" }],
      ["proto", 2, { from: "proto" }]
    ])
    assert.deepStrictEqual(read(inProto, proto), read(inJson, json))
  })
})
