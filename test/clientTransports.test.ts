/**
 * The SDK where WebSocket does not pass, nor server-sent events, and then both again.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { WeirClient } from "@weir/client/WeirClient"
import { startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const upgrade = /upgrade: websocket/i
const upgradeOrEvents = /upgrade: websocket|\/events HTTP/i

describe("a client behind something that blocks", () => {
  let server: WeirProcess
  let link: TcpProxy
  const clients: Array<WeirClient> = []

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: { limits: { exempt: ["127.0.0.0/8"] } }
    })
    link = await startProxy(server.http!)
  })
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await link?.close()
    await server?.stop()
  })

  it("falls back, keeps its position through every change, and moves up again", async () => {
    const connect = async (address: string) => {
      const client = new WeirClient({
        url: `ws://${address}/v1/ws`,
        token: () => developmentToken(server.http!, "ann"),
        backoff: { minMs: 20, maxMs: 200 },
        climbMs: 200
      })
      clients.push(client)
      client.connect()
      await client.ready()
      return client
    }
    const channel = "chat:blocked"
    link.block(upgrade)
    const publisher = await connect(server.http!)
    const client = await connect(link.address)
    assert.strictEqual(client.transport, "sse")
    const heard: Array<unknown> = []
    const gaps: Array<unknown> = []
    const subscription = client.subscribe(channel, {
      onPublication: ({ data }) => heard.push(data),
      onGap: (gap) => gaps.push(gap)
    })
    await subscription.subscribed()

    let published = 0
    const isBy = (transport: string) =>
      waitUntil(`it is connected by ${transport}`, async () => {
        await publisher.publish(channel, ++published)
        return client.transport === transport && client.state === "connected"
      })
    await isBy("sse")
    await client.publish(channel, ++published)
    link.block(upgradeOrEvents)
    link.cut()
    await isBy("longPolling")
    await client.publish(channel, ++published)
    link.block(undefined)
    await isBy("websocket")
    await client.publish(channel, ++published)

    await waitUntil("all is heard", () => heard.length >= published)
    assert.deepStrictEqual(
      heard,
      Array.from({ length: published }, (_, index) => index + 1)
    )
    assert.isEmpty(gaps)
  })
})
