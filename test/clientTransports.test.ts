/**
 * The SDK where WebSocket does not pass, nor server-sent events, and then both again.
 */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Transport } from "@weir/client/Transports"
import { WeirClient, type WeirClientOptions } from "@weir/client/WeirClient"
import { listen } from "./harness/listen.ts"
import { type Blocking, startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const upgrade = /upgrade: websocket/i
const upgradeOrEvents = /upgrade: websocket|\/events HTTP/i

const answer = (status: string, body = ""): Blocking => ({
  answer: `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
})

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe("a client behind something that blocks", () => {
  let server: WeirProcess
  let publisher: WeirClient
  const clients: Array<WeirClient> = []
  const links: Array<TcpProxy> = []

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: { limits: { exempt: ["127.0.0.0/8"] } }
    })
    publisher = await connect(server.http!)
  })
  afterEach(async () => {
    await Promise.all(clients.splice(1).map((client) => client.close()))
    await Promise.all(links.splice(0).map((link) => link.close()))
  })
  afterAll(async () => {
    await publisher?.close()
    await server?.stop()
  })

  const openLink = async () => {
    const link = await startProxy(server.http!)
    links.push(link)
    return link
  }
  const connect = async (address: string, options: Partial<WeirClientOptions> = {}) => {
    const client = new WeirClient({
      url: `ws://${address}/v1/ws`,
      token: () => developmentToken(server.http!, "ann"),
      climbMs: 200,
      ...options
    })
    clients.push(client)
    client.connect()
    await client.ready()
    return client
  }
  /** Publishes until the client is connected that way, and gives how many that were in all. */
  const publishUntil = async (
    client: WeirClient,
    transport: Transport,
    channel: string,
    published = 0
  ) => {
    let count = published
    await waitUntil(`it is connected by ${transport}`, async () => {
      await publisher.publish(channel, ++count)
      return client.transport === transport && client.state === "connected"
    })
    await client.publish(channel, ++count)
    return count
  }

  it("falls back, keeps its position through every change, and moves up again", async () => {
    const channel = "chat:blocked"
    const link = await openLink()
    const client = await connect(link.address, { backoff: { minMs: 20, maxMs: 200 } })
    const { data, gaps, has } = await listen(client, channel)

    let published = await publishUntil(client, "websocket", channel)
    link.block(upgrade)
    link.cut()
    published = await publishUntil(client, "sse", channel, published)
    link.block(upgradeOrEvents)
    link.cut()
    published = await publishUntil(client, "longPolling", channel, published)
    link.block(undefined)
    published = await publishUntil(client, "websocket", channel, published)

    await has(published)
    assert.deepStrictEqual(data(), numbers(published))
    assert.isEmpty(gaps)
  })

  it.each<[string, Blocking]>([
    ["are refused", answer("403 Forbidden")],
    ["are answered by something else", answer("200 OK", "{}")],
    ["are collected for ever", "hold"]
  ])("takes to long-polling when events %s", async (form, how) => {
    const channel = `chat:${form.replaceAll(" ", "-")}`
    const link = await openLink()
    link.block(upgrade)
    const client = await connect(link.address, { climbMs: 600_000 })
    const { data, gaps, has } = await listen(client, channel)

    let published = await publishUntil(client, "sse", channel)
    link.block(upgradeOrEvents, how)
    link.cut()
    published = await publishUntil(client, "longPolling", channel, published)

    await has(published)
    assert.deepStrictEqual(data(), numbers(published))
    assert.isEmpty(gaps)
  })

  it("is not told by anybody but Weir that it may not return", async () => {
    const link = await openLink()
    link.block(/^POST/, answer("502 Bad Gateway", JSON.stringify({ message: "bad gateway" })))
    const client = new WeirClient({
      url: `ws://${link.address}/v1/ws`,
      token: await developmentToken(server.http!, "ann"),
      transports: ["sse"]
    })
    clients.push(client)
    client.connect()
    await waitUntil("it was refused", () => client.state !== "connecting")

    link.block(undefined)
    await client.ready()

    assert.strictEqual(client.state, "connected")
  })
})
