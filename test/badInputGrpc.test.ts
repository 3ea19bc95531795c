/**
 * What a service may not send to the publish API: the status for any gRPC
 * client, our code beside it, and nothing of our insides.
 */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { type GrpcAnswer, GrpcReflectionClient } from "./harness/GrpcReflectionClient.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"
import { complaints, startWitness, type Witness } from "./harness/Witness.ts"

const key = "dev-key"
const publishService = "weir.api.v1.PublishService"
const historyService = "weir.api.v1.HistoryService"
const presenceService = "weir.api.v1.PresenceService"
const channel = "chat:bad"
const data = Buffer.from("1")
const { INVALID_ARGUMENT, NOT_FOUND, OK, RESOURCE_EXHAUSTED, UNIMPLEMENTED } = status

const refusalOf = ({ code, failure }: GrpcAnswer) => [code, failure]

describe("a service that sends", () => {
  let server: WeirProcess
  let witness: Witness
  let api: GrpcReflectionClient

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: { limits: { exempt: ["127.0.0.0/8"], publicationBytes: 10_000 } }
    })
    witness = await startWitness(server)
    api = await GrpcReflectionClient.connect(server.grpc!)
  })
  afterEach(() => witness.seesLife())
  afterAll(async () => {
    const found = await complaints(server)
    api.close()
    await server.stop()
    assert.deepStrictEqual(found, [])
  })

  const assertNoInsides = ({ details }: { readonly details: string }) => {
    assert.notMatch(details, /\n|\bat .+:\d+|node_modules|[/\\][\w.-]+\.[jt]s\b|file:/)
  }

  it.each([
    ["Publish", publishService],
    ["PublishBatch", publishService],
    ["GetHistory", historyService],
    ["GetPresence", presenceService]
  ])("bytes that are no message to %s gets INVALID_ARGUMENT", async (method, service) => {
    for (const hex of ["ff", "ffffffffffffffffffff01", "0a7f78", "0b", "0a02c3"]) {
      const answer = await api.callRaw(`/${service}/${method}`, Buffer.from(hex, "hex"), key)

      assert.deepStrictEqual([hex, ...refusalOf(answer)], [hex, INVALID_ARGUMENT, "bad_request"])
      assertNoInsides(answer)
    }
  })

  it.each([
    ["no channel", { data }, "invalid_channel", INVALID_ARGUMENT],
    ["a channel without a namespace", { channel: "x", data }, "invalid_channel", INVALID_ARGUMENT],
    [
      "a channel of 256 bytes",
      { channel: `chat:${"x".repeat(251)}`, data },
      "invalid_channel",
      INVALID_ARGUMENT
    ],
    ["an unknown namespace", { channel: "nowhere:x", data }, "unknown_namespace", NOT_FOUND],
    ["no data, as JSON", { channel }, "bad_request", INVALID_ARGUMENT],
    ["bad JSON", { channel, data: Buffer.from("{") }, "bad_request", INVALID_ARGUMENT],
    [
      "JSON that is not UTF-8",
      { channel, data: Buffer.from([0x22, 0xff, 0x22]) },
      "bad_request",
      INVALID_ARGUMENT
    ],
    [
      "text that is not UTF-8",
      { channel, data: Buffer.from([0xff]), content_type: "text/plain" },
      "bad_request",
      INVALID_ARGUMENT
    ],
    [
      "a content type with a line break",
      { channel, data, content_type: "a/b\nc" },
      "bad_request",
      INVALID_ARGUMENT
    ],
    [
      "a message id of 65 bytes",
      { channel, data, message_id: "x".repeat(65) },
      "bad_request",
      INVALID_ARGUMENT
    ],
    [
      "more data than the limit",
      { channel, data: Buffer.alloc(10_001, "1") },
      "payload_too_large",
      INVALID_ARGUMENT
    ]
  ])("%s is refused, alone, in a batch and in a stream", async (_, request, failure, code) => {
    const good = { channel, data }
    const batch = { publications: [good, request, good] }

    const alone = await api.call(publishService, "Publish", request, key)
    const batched = await api.call(publishService, "PublishBatch", batch, key)
    const streamed = await api.stream(publishService, "PublishStream", [batch, batch], key)

    assert.deepStrictEqual(refusalOf(alone), [code, failure])
    assertNoInsides(alone)
    assert.notStrictEqual(alone.details, "")
    assert.deepStrictEqual([batched.code, streamed.end.code], [OK, OK])
    for (const { results } of [batched.response, ...streamed.responses]) {
      const [before, refused, after] = results
      assert.strictEqual(after.published.position.offset, before.published.position.offset + 1)
      assert.strictEqual(refused.failure.code, failure)
      assertNoInsides({ details: refused.failure.message })
    }
    assert.strictEqual(streamed.responses.length, 2)
  })

  it("more data than the limit is told the limit", async () => {
    const request = { channel, data: Buffer.alloc(10_001, "1") }

    const { details } = await api.call(publishService, "Publish", request, key)

    assert.include(details, "10000")
  })

  it("257 publications in one message is refused, in a batch and in a stream", async () => {
    const batch = { publications: Array(257).fill({ channel, data }) }

    const batched = await api.call(publishService, "PublishBatch", batch, key)
    const streamed = await api.stream(publishService, "PublishStream", [batch], key)

    assert.deepStrictEqual(refusalOf(batched), [INVALID_ARGUMENT, "bad_request"])
    assert.include(batched.details, "256")
    assert.deepStrictEqual(refusalOf(streamed.end), [INVALID_ARGUMENT, "bad_request"])
    assert.deepStrictEqual(streamed.responses, [])
  })

  it.each([
    [historyService, "GetHistory"],
    [presenceService, "GetPresence"]
  ])("a bad question to %s is refused", async (service, method) => {
    const answers = await Promise.all(
      [{ channel: "" }, { channel: "nowhere:x" }, { channel, limit: 1_001 }].map((request) =>
        api.call(service, method, request, key)
      )
    )

    assert.deepStrictEqual(answers.map(refusalOf), [
      [INVALID_ARGUMENT, "invalid_channel"],
      [NOT_FOUND, "unknown_namespace"],
      [INVALID_ARGUMENT, "bad_request"]
    ])
    for (const answer of answers) assertNoInsides(answer)
  })

  it("a position that cannot be to GetHistory gets INVALID_ARGUMENT", async () => {
    for (const after of [-1, "9223372036854775807"]) {
      const answer = await api.call(historyService, "GetHistory", { channel, after }, key)

      assert.deepStrictEqual(refusalOf(answer), [INVALID_ARGUMENT, "bad_request"])
      assertNoInsides(answer)
    }
  })

  it("a method that is none gets UNIMPLEMENTED", async () => {
    const answer = await api.callRaw(`/${publishService}/Unpublish`, new Uint8Array(), key)

    assert.strictEqual(answer.code, UNIMPLEMENTED)
    assertNoInsides(answer)
  })

  it("a message of 8 MiB gets RESOURCE_EXHAUSTED before it is read", async () => {
    const request = { channel, data: Buffer.alloc(8 * 1024 * 1024) }

    const answer = await api.call(publishService, "Publish", request, key)

    assert.strictEqual(answer.code, RESOURCE_EXHAUSTED)
    assertNoInsides(answer)
  })
})
