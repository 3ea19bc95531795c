/**
 * What an API key does not allow is refused by the publish API, for each item of
 * a batch or stream by itself, and nothing of it happens.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { apiKey } from "./harness/apiKey.ts"
import { GrpcReflectionClient } from "./harness/GrpcReflectionClient.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { Payload } from "./harness/WireClient.ts"

const publishService = "weir.api.v1.PublishService"
const historyService = "weir.api.v1.HistoryService"
const presenceService = "weir.api.v1.PresenceService"
const data = Buffer.from("1")

const owner = apiKey("owner", { "*": ["publish", "history", "presence"] })
const writer = apiKey("writer", { "chat:*": ["publish"] })
const reader = apiKey("reader", { "chat:*": ["history", "presence"] })
const guest = apiKey("guest", {})
const narrow = apiKey("narrow", { "chat:*": ["publish"], "chat:closed-*": [] })

describe("the publish API", () => {
  let server: WeirProcess
  let api: GrpcReflectionClient
  let count = 0
  const newChannel = () => `chat:keys-${++count}`

  beforeAll(async () => {
    const keys = [owner, writer, reader, guest, narrow]
    server = await start({
      program: "standalone",
      config: {
        namespaces: { chat: { presence: true }, news: { presence: true }, quiet: {} },
        apiKeys: keys.map(({ settings }) => settings)
      }
    })
    api = await GrpcReflectionClient.connect(server.grpc!)
  })
  afterAll(async () => {
    api?.close()
    await server?.stop()
  })

  const headOf = async (channel: string) => {
    const { response } = await api.call(historyService, "GetHistory", { channel }, owner.key)
    return response.position.offset
  }

  it.each([
    ["no key", undefined],
    ["an unknown key", "not-a-key"],
    ["the digest of a key", owner.settings.sha256],
    ["the id of a key", "owner"],
    ["a key with something behind it", `${owner.key}x`]
  ])("answers UNAUTHENTICATED to %s, whatever is asked", async (_, key) => {
    const channel = newChannel()
    const request = { channel, data }

    const ends = [
      await api.call(publishService, "Publish", request, key),
      await api.call(publishService, "PublishBatch", { publications: [request] }, key),
      (await api.stream(publishService, "PublishStream", [{ publications: [request] }], key)).end,
      await api.call(historyService, "GetHistory", { channel }, key),
      await api.call(presenceService, "GetPresence", { channel }, key)
    ]

    for (const { code, failure } of ends) {
      assert.deepStrictEqual([code, failure], [status.UNAUTHENTICATED, "unauthenticated"])
    }
    assert.strictEqual(await headOf(channel), 0)
  })

  it("does not repeat the key that it refuses", async () => {
    const { details } = await api.call(publishService, "Publish", {}, "a-mistyped-secret")

    assert.notInclude(details, "mistyped")
  })

  it("answers UNAUTHENTICATED before it looks at what is asked", async () => {
    const { code } = await api.call(publishService, "Publish", { channel: "nowhere:x" })

    assert.strictEqual(code, status.UNAUTHENTICATED)
  })

  it.each([
    ["a key without the verb", reader, "chat"],
    ["a key for another namespace", writer, "news"],
    ["a key without capabilities", guest, "chat"],
    ["a key whose longest pattern says no", narrow, "chat:closed-room"]
  ])("lets nothing be published with %s", async (_, { key }, where) => {
    const channel = where.includes(":") ? where : `${where}:keys-${++count}`
    const request = { channel, data }
    const batch = { publications: [request, request] }

    const alone = await api.call(publishService, "Publish", request, key)
    const batched = await api.call(publishService, "PublishBatch", batch, key)
    const streamed = await api.stream(publishService, "PublishStream", [batch], key)

    assert.deepStrictEqual(
      [alone.code, alone.failure],
      [status.PERMISSION_DENIED, "permission_denied"]
    )
    assert.deepStrictEqual([batched.code, streamed.end.code], [status.OK, status.OK])
    for (const { results } of [batched.response, ...streamed.responses]) {
      const codes = results.map(({ failure }: Payload) => failure?.code)
      assert.deepStrictEqual(codes, ["permission_denied", "permission_denied"])
    }
    assert.strictEqual(await headOf(channel), 0)
  })

  it("publishes what a key allows beside what it does not", async () => {
    const [open, closed] = [newChannel(), `news:keys-${++count}`]
    const publications = [open, closed, open].map((channel) => ({ channel, data }))

    const batched = await api.call(publishService, "PublishBatch", { publications }, writer.key)
    const streamed = await api.stream(
      publishService,
      "PublishStream",
      [{ publications }],
      writer.key
    )

    const results = [batched.response, ...streamed.responses].flatMap(({ results }) => results)
    assert.deepStrictEqual(
      results.map(({ failure, published }) => failure?.code ?? published.position.offset),
      [1, "permission_denied", 2, 3, "permission_denied", 4]
    )
    assert.strictEqual(await headOf(closed), 0)
  })

  it.each([
    [historyService, "GetHistory"],
    [presenceService, "GetPresence"]
  ])("lets %s be read only with a key that says so", async (service, method) => {
    const ask = async (key: string, channel: string) =>
      (await api.call(service, method, { channel }, key)).code

    assert.strictEqual(await ask(reader.key, "chat:room"), status.OK)
    assert.strictEqual(await ask(reader.key, "news:room"), status.PERMISSION_DENIED)
    assert.strictEqual(await ask(writer.key, "chat:room"), status.PERMISSION_DENIED)
    assert.strictEqual(await ask(guest.key, "chat:room"), status.PERMISSION_DENIED)
  })

  it("shows no roster of a namespace that keeps none", async () => {
    const request = { channel: "quiet:room" }

    const { code, failure } = await api.call(presenceService, "GetPresence", request, owner.key)

    assert.deepStrictEqual([code, failure], [status.PERMISSION_DENIED, "permission_denied"])
  })
})
