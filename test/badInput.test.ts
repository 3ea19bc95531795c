/**
 * What a client may not send in JSON: each mistake is answered with its name,
 * and nobody else notices.
 */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { connectJson, openJson } from "./harness/JsonClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { Payload, WireClient } from "./harness/WireClient.ts"
import { complaints, startWitness, type Witness } from "./harness/Witness.ts"

const channel = "chat:bad"

describe("a JSON client that sends", () => {
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

  const opened = async () => {
    const client = await openJson(server.http!)
    open.push(client)
    return client
  }

  const connected = async () => {
    const client = await connectJson(server.http!, { token })
    open.push(client)
    return client
  }

  const envelope = (type: unknown, payload: unknown, id: unknown = 7) =>
    JSON.stringify({ type, id, payload })

  /** The refusal of this message; the connection goes on. */
  const refusal = async (client: WireClient, message: string) => {
    client.sendRaw(message)
    const error = await client.take("error")
    await client.settle()
    assert.deepStrictEqual(Object.keys(error.payload), ["code", "message", "retryAfterMs"])
    return { id: error.id, code: error.payload.code, message: error.payload.message as string }
  }

  it.each([
    ["nothing", ""],
    ["half an envelope", '{"type":"ping","id":1'],
    ["a number", "7"],
    ["a string", '"ping"'],
    ["null", "null"],
    ["an array in an array", '[[{"type":"ping","id":1}]]'],
    ["single quotes", "{'type':'ping','id':1}"]
  ])("%s gets bad_request", async (_, message) => {
    const { code, id } = await refusal(await connected(), message)

    assert.deepStrictEqual([code, id], ["bad_request", undefined])
  })

  it("a third frame that cannot be parsed within 10 s is closed with 3501", async () => {
    const client = await connected()

    assert.strictEqual((await refusal(client, "{")).code, "bad_request")
    assert.strictEqual((await refusal(client, "{")).code, "bad_request")
    client.sendRaw("{")
    const { code, reason } = await client.closed()

    assert.strictEqual(code, 3501)
    assert.match(reason, /^bad_request/)
  })

  it.each([["shout"], ["__proto__"], ["toString"], ["connected"], [""]])(
    "the type %j gets unknown_type",
    async (type) => {
      const { code, id } = await refusal(await connected(), envelope(type, {}))

      assert.deepStrictEqual([code, id], ["unknown_type", 7])
    }
  )

  it.each([
    ["type", envelope(7, {})],
    ["type", '{"id":7,"payload":{}}'],
    ["payload", envelope("subscribe", [])],
    ["payload", envelope("subscribe", "chat:lobby")],
    ["payload", envelope("subscribe", null)],
    ["payload.channel", envelope("subscribe", {})],
    ["payload.channel", envelope("subscribe", { channel: 7 })],
    ["payload.since.term", envelope("subscribe", { channel, since: { epoch: "e", offset: 1 } })],
    [
      "payload.since.offset",
      envelope("subscribe", { channel, since: { epoch: "e", term: 1, offset: -1 } })
    ],
    ["payload.rewind", envelope("subscribe", { channel, rewind: {} })],
    ["payload.rewind.last", envelope("subscribe", { channel, rewind: { last: 1.5 } })],
    ["payload.presence", envelope("subscribe", { channel, presence: "yes" })],
    ["payload.member", envelope("subscribe", { channel, member: 7 })],
    ["payload.data", envelope("publish", { channel })],
    ["payload.messageId", envelope("publish", { channel, data: 1, messageId: 7 })],
    ["payload.encoding", envelope("publish", { channel, data: "", encoding: "hex" })],
    ["payload.limit", envelope("history", { channel, limit: -1 })],
    ["payload.after", envelope("history", { channel, after: "1" })],
    ["payload.after", envelope("presence", { channel, after: 1 })],
    ["payload.token", envelope("refresh", {})]
  ])("%s missing or of the wrong type is told so: %s", async (field, message) => {
    const { code, id, message: said } = await refusal(await connected(), message)

    assert.deepStrictEqual([code, id], ["bad_request", 7])
    assert.match(said, new RegExp(`^${field.replaceAll(".", "\\.")}\\b`))
  })

  it.each([[0], [-1], [1.5], ["7"], [null], [2 ** 31], [1e300], [undefined]])(
    "the id %j gets bad_request without an id, and has published nothing",
    async (id) => {
      const client = await connected()
      await client.subscribe(channel)

      const { code, id: answered } = await refusal(
        client,
        JSON.stringify({ type: "publish", id, payload: { channel, data: "no" } })
      )
      await client.publish(channel, "yes")

      assert.deepStrictEqual([code, answered], ["bad_request", undefined])
      assert.strictEqual((await client.take("publication")).payload.data, "yes")
    }
  )

  it("an id again before its answer gets duplicate_id, and after it an answer", async () => {
    const client = await connected()
    const publish = (data: number) => ({ type: "publish", id: 9, payload: { channel, data } })

    client.sendAll([publish(1), publish(2)])
    const { payload } = await client.take("error", 9)
    await client.take("published", 9)
    client.sendAll([publish(3)])

    assert.strictEqual(payload.code, "duplicate_id")
    await client.take("published", 9)
  })

  it.each([
    ["a ping", envelope("ping", {})],
    ["a subscribe", envelope("subscribe", { channel })],
    ["a pong", '{"type":"pong"}'],
    ["no JSON", "{"],
    ["a connect without versions", envelope("connect", { token: "t" })],
    ["a connect with versions that are none", envelope("connect", { token: "t", versions: "1" })],
    ["a connect with id 0", envelope("connect", { token: "t", versions: ["1"] }, 0)],
    ["a client name of 65 bytes", envelope("connect", connect({ client: "x".repeat(65) }))],
    [
      "129 subscriptions",
      envelope("connect", connect({ subscriptions: Array(129).fill({ channel }) }))
    ]
  ])("%s as its first frame is closed with 3501", async (_, message) => {
    const client = await opened()

    client.sendRaw(message)

    assert.strictEqual((await client.closed()).code, 3501)
  })

  function connect(more: object) {
    return { token: "t", versions: ["1"], ...more }
  }

  it.each([
    ["a second connect", (first: object) => first],
    ["a request", () => ({ type: "subscribe", id: 2, payload: { channel } })],
    ["an unknown type", () => ({ type: "shout", id: 2, payload: {} })]
  ])("%s before `connected` is closed with 3501", async (_, second) => {
    const client = await opened()
    const first = { type: "connect", id: 1, payload: connect({ token }) }

    client.sendAll([first, second(first)])

    assert.strictEqual((await client.closed()).code, 3501)
  })

  it("a connect after `connected` gets bad_request", async () => {
    const { code, id } = await refusal(await connected(), envelope("connect", connect({ token })))

    assert.deepStrictEqual([code, id], ["bad_request", 7])
  })

  it.each([
    ["empty", "", "invalid_channel"],
    ["of 256 bytes", `chat:${"x".repeat(251)}`, "invalid_channel"],
    ["of 256 bytes in fewer characters", `chat:${"ü".repeat(126)}`, "invalid_channel"],
    ["with a control character", "chat:a\nb", "invalid_channel"],
    ["with half a surrogate pair", "chat:\ud800", "invalid_channel"],
    ["without a namespace", "lobby", "invalid_channel"],
    ["with an empty namespace", ":lobby", "invalid_channel"],
    ["with nothing behind its namespace", "chat:", "invalid_channel"],
    ["in an unknown namespace", "nowhere:lobby", "unknown_namespace"],
    ["in a namespace named like a method", "toString:lobby", "unknown_namespace"]
  ])("a channel's name %s is refused by every request", async (_, name, expected) => {
    const client = await connected()

    for (const [type, more] of [
      ["subscribe", {}],
      ["publish", { data: 1 }],
      ["history", {}],
      ["presence", {}]
    ] as ReadonlyArray<[string, Payload]>) {
      const refused = await refusal(client, envelope(type, { channel: name, ...more }))
      assert.deepStrictEqual([type, refused.code], [type, expected])
      assert.match(refused.message, /^channel\b/)
    }
  })
})
