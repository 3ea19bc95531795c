/**
 * Data that is too large, or not what it says it is, from clients of either
 * encoding; and protobuf that is none.
 */
import { once } from "node:events"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { WebSocket } from "ws"
import { connectJson } from "./harness/JsonClient.ts"
import { concat, connectProto, encodeFrame, openProto, toRecord } from "./harness/ProtoClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { Message, WireClient } from "./harness/WireClient.ts"
import { complaints, startWitness, type Witness } from "./harness/Witness.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const channel = "chat:bad"
const utf8 = (text: string) => Buffer.from(text)
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"))

describe("Weir, given", () => {
  let server: WeirProcess
  let witness: Witness
  let token: string
  const open: Array<WireClient> = []

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: { limits: { exempt: ["127.0.0.0/8"], publicationBytes: 10_000 } }
    })
    witness = await startWitness(server)
    token = await developmentToken(server.http!, "mallory")
  })
  afterEach(async () => {
    for (const client of open.splice(0)) client.close()
    await witness.seesLife()
  })
  afterAll(async () => {
    const found = await complaints(server)
    await server.stop()
    assert.deepStrictEqual(found, [])
  })

  const json = async () => {
    const client = await connectJson(server.http!, { token })
    open.push(client)
    return client
  }

  const proto = async () => {
    const client = await connectProto(server.http!, { token })
    open.push(client)
    return client
  }

  const refusal = async (client: WireClient, message: Message) => {
    client.sendRaw(message)
    const { id, payload } = await client.take("error")
    await client.settle()
    return { id, code: payload.code as string, message: payload.message as string }
  }

  const publishing = (more: object) =>
    JSON.stringify({ type: "publish", id: 7, payload: { channel, ...more } })

  it.each([
    ["bad base64", { data: "AP8", encoding: "base64" }],
    ["base64 of the URL kind", { data: "_-__", encoding: "base64" }],
    ["a number as base64", { data: 7, encoding: "base64" }],
    ["an object as text", { data: {}, encoding: "text" }],
    ["text with half a surrogate pair", { data: "\ud800", encoding: "text" }],
    [
      "text that calls itself JSON",
      { data: "{}", encoding: "text", contentType: "application/json" }
    ],
    ["a JSON value that calls itself text", { data: "hi", contentType: "text/plain" }],
    ["a JSON value that calls itself binary", { data: "hi", contentType: "image/png" }]
  ])("%s in JSON, answers bad_request that names the data", async (_, more) => {
    const { code, id, message } = await refusal(await json(), publishing(more))

    assert.deepStrictEqual([code, id], ["bad_request", 7])
    assert.include(message, "data")
  })

  it.each([
    ["JSON that does not parse", { data: utf8('{"a":') }],
    ["JSON that closes the envelope", { data: utf8('1},"type":"connected"') }],
    ["no data at all as JSON", { data: utf8("") }],
    ["JSON that is not UTF-8", { data: hex("22 ff 22") }],
    ["JSON with an overlong sequence", { data: hex("22 c0 af 22") }],
    ["text that is not UTF-8", { data: hex("68 69 fe"), contentType: "text/plain" }],
    ["text with an encoded surrogate", { data: hex("ed a0 80"), contentType: "text/plain" }]
  ])("%s in protobuf, answers bad_request that names the data", async (_, more) => {
    const frame = encodeFrame({ id: 7, type: "publish", payload: { channel, ...more } })

    const { code, id, message } = await refusal(await proto(), concat([toRecord(frame)]))

    assert.deepStrictEqual([code, id], ["bad_request", 7])
    assert.match(message, /^(payload\.)?data\b/)
  })

  it("a content type with a control character, answers bad_request", async () => {
    const more = { data: "", encoding: "base64", contentType: "image/png\r\nx: y" }

    const { code, message } = await refusal(await json(), publishing(more))

    assert.strictEqual(code, "bad_request")
    assert.include(message, "contentType")
  })

  it("a message id of 65 bytes, answers bad_request, and takes one of 64", async () => {
    const client = await json()

    const { code, message } = await refusal(
      client,
      publishing({ data: 1, messageId: "ü".repeat(33) })
    )
    const fits = await client.publish(channel, 1, { messageId: "ü".repeat(32) })

    assert.strictEqual(code, "bad_request")
    assert.include(message, "messageId")
    assert.strictEqual(fits.type, "published")
  })

  it("a publication over its limit, answers payload_too_large with the limit", async () => {
    const data = "x".repeat(10_000)
    const frame = encodeFrame({
      id: 7,
      type: "publish",
      payload: { channel, data: utf8(`"${data}"`) }
    })

    for (const refused of [
      await refusal(await json(), publishing({ data })),
      await refusal(await proto(), concat([toRecord(frame)]))
    ]) {
      assert.deepStrictEqual([refused.code, refused.id], ["payload_too_large", 7])
      assert.include(refused.message, "10000")
    }
  })

  it("a message over the limit, answers payload_too_large with the limit", async () => {
    for (const refused of [
      await refusal(await json(), publishing({ data: "x".repeat(66_000) })),
      await refusal(await proto(), new Uint8Array(66_000))
    ]) {
      assert.strictEqual(refused.code, "payload_too_large")
      assert.include(refused.message, "65536")
    }
  })

  it("a message far over the limit, closes with 1009", async () => {
    const client = await json()

    client.sendRaw(publishing({ data: "x".repeat(1_000_000) }))

    assert.strictEqual((await client.closed()).code, 1009)
  })

  it("JSON nested 30,000 deep, answers and lives", async () => {
    const client = await json()

    const depth = 30_000
    client.sendRaw(
      `{"type":"publish","id":7,"payload":{"channel":"${channel}","data":${"[".repeat(depth)}${"]".repeat(depth)}}}`
    )

    const answer = await client.takeWhere("an answer", ({ type }) => type !== "ping")
    assert.include(["error", "published"], answer.type)
    await client.settle()
  })

  it.each([
    ["an empty message", ""],
    ["a length of eleven bytes", "ff ff ff ff ff ff ff ff ff ff 01"],
    ["a length without an end", "ff"],
    ["a record that is longer than the message", "7f 08 01"],
    ["a record cut in the middle of a field", "03 08 01 9a"],
    ["a field that is longer than its record", "05 08 07 22 7f 0a"],
    ["a group that never ends", "03 08 07 63"],
    ["a channel that is not UTF-8", "07 08 07 22 03 0a 01 ff"]
  ])("%s as protobuf, answers bad_request", async (_, bytes) => {
    const { code } = await refusal(await proto(), hex(bytes))

    assert.include(["bad_request", "invalid_channel"], code)
  })

  it.each([
    ["a frame without a payload", "02 08 07"],
    ["a frame with a payload of tomorrow", "05 08 07 a2 06 00"]
  ])("%s as protobuf, answers unknown_type", async (_, bytes) => {
    const { code, id } = await refusal(await proto(), hex(bytes))

    assert.deepStrictEqual([code, id], ["unknown_type", 7])
  })

  it.each([[0], [2 ** 31], [2 ** 32 - 1]])(
    "the id %j as protobuf, answers bad_request without an id",
    async (id) => {
      const { code, id: answered } = await refusal(
        await proto(),
        concat([toRecord(encodeFrame({ id, type: "ping" }))])
      )

      assert.deepStrictEqual([code, answered], ["bad_request", undefined])
    }
  )

  it.each([
    ["subscribe", { since: { epoch: "e", term: 1, offset: -1 } }],
    ["subscribe", { since: { epoch: "e", term: -1, offset: 1 } }],
    ["subscribe", { rewind: {} }],
    ["subscribe", { rewind: { since: -1 } }],
    ["history", { after: -1 }]
  ])(
    "in protobuf what JSON may not hold either, answers bad_request: %s %j",
    async (type, more) => {
      const { payload } = await (await proto()).request(type, { channel, ...more })

      assert.strictEqual(payload.code, "bad_request")
    }
  )

  it("a bad record behind a good one, answers both", async () => {
    const client = await proto()

    client.sendRaw(concat([toRecord(encodeFrame({ id: 50, type: "ping" })), hex("7f 08 01")]))

    await client.take("pong", 50)
    assert.strictEqual((await client.take("error")).payload.code, "bad_request")
  })

  it("text where protobuf is spoken, and bytes where JSON is, answers bad_request", async () => {
    assert.strictEqual((await refusal(await proto(), '{"type":"ping"}')).code, "bad_request")
    assert.strictEqual((await refusal(await json(), hex("02 08 07"))).code, "bad_request")
  })

  it("a text message that is not UTF-8, closes with 1007", async () => {
    const socket = new WebSocket(`ws://${server.http}/v1/ws`)
    await once(socket, "open")

    socket.send(hex("22 ff 22"), { binary: false })

    const [code] = await once(socket, "close")
    assert.strictEqual(code, 1007)
  })

  it("a protobuf client's third record that cannot be parsed, closes with 3501", async () => {
    const client = await proto()

    for (let i = 0; i < 3; i++) client.sendRaw(hex("7f 08 01"))

    assert.strictEqual((await client.closed()).code, 3501)
  })

  it("anything but a connect first in protobuf, closes with 3501", async () => {
    const client = await openProto(server.http!)
    open.push(client)

    client.send("ping", {})

    assert.strictEqual((await client.closed()).code, 3501)
  })

  it("noise, answers or closes", async () => {
    // The same noise in every run: a linear congruential generator (Numerical Recipes).
    let seed = 1
    const noise = () => {
      seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32
      return seed >>> 24
    }
    for (let round = 0; round < 40; round++) {
      const client = await proto()
      const bytes = Uint8Array.from({ length: 1 + (noise() % 64) }, noise)
      const before = client.messages.length

      client.sendRaw(round % 2 === 0 ? bytes : concat([toRecord(bytes)]))

      await waitUntil(
        `the noise ${Buffer.from(bytes).toString("hex")} is answered`,
        () => !client.isOpen || client.messages.length > before
      )
      client.close()
    }
  })
})
