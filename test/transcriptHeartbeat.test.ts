/**
 * Heartbeats: who is silent is asked, and who does not answer is gone.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { connectJson, jsonCodec } from "./harness/JsonClient.ts"
import { protoCodec } from "./harness/ProtoClient.ts"
import { developmentToken, metric, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

/** How long DESIGN §6 gives a client to answer. */
const answerMs = 8_000

describe("a heartbeat", () => {
  let server: WeirProcess

  beforeAll(async () => {
    server = await start({ program: "standalone", config: { limits: { heartbeatMs: 200 } } })
  })
  afterAll(() => server?.stop())

  const token = () => developmentToken(server.http!, "ann")

  it.each([
    ["JSON", jsonCodec],
    ["protobuf", protoCodec]
  ])("is a ping without an id, after silence, in %s", async (_, codec) => {
    const client = await WireClient.open(server.http!, codec)

    client.send("connect", { token: await token(), versions: ["1"] })
    const { payload } = await client.take("connected")
    const ping = await client.take("ping")

    assert.strictEqual(payload.heartbeatMs, 200)
    assert.deepStrictEqual([ping.id, ping.payload], [undefined, {}])
    const measured = () => metric(server.ops, "weir_connector_ping_seconds_count")
    const before = await measured()
    client.sendAll([{ type: "pong", payload: {} }])
    await waitUntil("the answer is measured", async () => (await measured()) > before)
    client.close()
  })

  it("ends a client that never answers, and none that says anything at all", async () => {
    const [silent, answering, talking] = await Promise.all(
      ["silent", "answering", "talking"].map(async () =>
        connectJson(server.http!, { token: await token() })
      )
    )
    const answer = async (client: WireClient, answerTo: () => void) => {
      while (silent!.isOpen) {
        await client.take("ping")
        answerTo()
      }
    }

    const answers = Promise.all([
      answer(answering!, () => answering!.sendRaw('{"type":"pong"}')),
      answer(talking!, () => talking!.send("unsubscribe", { channel: "chat:lobby" }))
    ])
    const { code, reason } = await silent!.closed(answerMs * 2)

    assert.deepStrictEqual([code, reason], [3012, "no_pong"])
    await answers
    assert.isTrue(answering!.isOpen && talking!.isOpen)
    answering!.close()
    talking!.close()
  })
})
