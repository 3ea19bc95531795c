/**
 * What gRPC has beyond what both doors of the publish API have (`serviceApi.test`): a
 * service that was given an address, a key and nothing else, and streams.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { GrpcReflectionClient } from "./harness/GrpcReflectionClient.ts"
import { connectJson } from "./harness/JsonClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { Payload } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const publishService = "weir.api.v1.PublishService"
const key = "dev-key"

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
      config: { limits: { exempt: ["127.0.0.0/8"], outboxFrames: 4_096 } }
    })
    api = await GrpcReflectionClient.connect(server.grpc!)
  })
  afterAll(async () => {
    for (const it of open) it.close()
    api?.close()
    await server?.stop()
  })

  const subscriber = async (channel: string) => {
    const token = await developmentToken(server.http!, "ann")
    const client = await connectJson(server.http!, { token, subscriptions: [{ channel }] })
    open.push(client)
    return client
  }

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
})
