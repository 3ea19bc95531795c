/**
 * Clients that are gone, and nobody was told: a network that swallows, a phone that sleeps. The
 * times are scaled down: 1 s is the heartbeat, which is 25 s by default.
 */
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { ALL_TRANSPORTS } from "@weir/client/Transports"
import { WeirClient } from "@weir/client/WeirClient"
import { type FaultProxy, start as startProxy } from "./faults/FaultProxy.ts"
import { startSleeper } from "./harness/Sleeper.ts"
import { auth, nowSeconds, signToken, tokenFor } from "./harness/Tokens.ts"
import { metric, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const config = {
  auth,
  limits: { heartbeatMs: 1_000, exempt: ["127.0.0.0/8"] },
  namespaces: {
    chat: { clientPublish: true, presence: true },
    short: { clientPublish: true, historySize: 3 }
  }
}

const capabilities = { "*": ["subscribe", "publish", "presence"] }

describe("a client that is gone without a word", () => {
  let weir: WeirProcess
  let network: FaultProxy
  let publisher: WeirClient
  const clients: Array<WeirClient> = []

  const connect = async (address: string, transport: (typeof ALL_TRANSPORTS)[number]) => {
    const client = new WeirClient({
      url: `ws://${address}/v1/ws`,
      token: await tokenFor(transport, capabilities),
      transports: [transport],
      backoff: { minMs: 50, maxMs: 200 }
    })
    clients.push(client)
    client.connect()
    await client.ready()
    return client
  }

  beforeAll(async () => {
    weir = await start({ program: "standalone", config })
    network = await startProxy(weir.http!)
    publisher = await connect(weir.http!, "websocket")
  })

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await network?.close()
    await weir?.stop()
  })

  const missed = () => metric(weir.ops, 'weir_connector_closes_total{code="3012"}')
  const events = () => metric(weir.ops, 'weir_connector_connections{transport="events"}')
  const members = async () => (await publisher.presence("chat:room", { counts: true })).memberCount

  it("is found out over each transport, though a lot is said to it, and misses nothing", async () => {
    const heard = new Map<string, Array<unknown>>()
    const wrong: Array<unknown> = []
    for (const transport of ALL_TRANSPORTS) {
      const client = await connect(network.address, transport)
      const list: Array<unknown> = []
      heard.set(transport, list)
      let isBack = false
      const subscription = client.subscribe(
        "chat:room",
        {
          onPublication: ({ data }) => list.push(data),
          onGap: (gap) => wrong.push(gap),
          onSubscribed: ({ recovered }) => {
            if (isBack && !recovered) wrong.push(`${transport}: not recovered`)
            isBack = true
          }
        },
        { member: transport }
      )
      await subscription.subscribed()
    }
    // Nobody asks this one whether it lives: it has never shown that it would say so.
    const plain = await fetch(`http://${weir.http}/v1/sessions`, {
      method: "POST",
      body: JSON.stringify({
        type: "connect",
        id: 1,
        payload: { token: await tokenFor("plain", capabilities), versions: ["1"] }
      })
    })
    const { payload } = (await plain.json()) as { payload: { session: string } }
    const reading = new AbortController()
    await fetch(`http://${weir.http}/v1/sessions/${payload.session}/events`, reading)
    let count = 0
    const timer = setInterval(() => void publisher.publish("chat:room", ++count), 200)
    await waitUntil("all hear it", () => [...heard.values()].every((it) => it.length > 0))
    await waitUntil("all are members", async () => (await members()) === 3)

    network.set({ dropToClient: true, dropToServer: true })

    await waitUntil("they are found out", async () => (await missed()) === 3, 30_000)
    await waitUntil("others see them leave", async () => (await members()) === 0)
    assert.strictEqual(await events(), 1)

    network.heal()
    network.cut()
    await waitUntil("they are back", async () => (await members()) === 3, 30_000)
    clearInterval(timer)
    await waitUntil("all is heard", () => [...heard.values()].every((it) => it.length >= count))
    reading.abort()
    const all = Array.from({ length: count }, (_, index) => index + 1)
    for (const [transport, list] of heard) {
      const first = list[0] as number
      assert.deepStrictEqual(list, all.slice(first - 1), transport)
    }
    assert.deepStrictEqual(wrong, [])
  })
})

describe("a client that has slept", () => {
  let weir: WeirProcess
  let tokens: Server
  let asked = 0

  beforeAll(async () => {
    weir = await start({ program: "standalone", config })
    tokens = createServer(async (_, response) => {
      asked++
      // It has run out long before the client wakes.
      const claims = { capabilities, exp: nowSeconds() + 4 }
      response.end(await signToken({ claims }))
    }).listen(0, "127.0.0.1")
    await once(tokens, "listening")
  })

  afterAll(async () => {
    tokens?.close()
    await weir?.stop()
  })

  it("goes on where it was, or is told why not, with a token that is fetched anew", async () => {
    const channels = ["chat:room", "short:room"]
    const { port } = tokens.address() as AddressInfo
    const url = `ws://${weir.http}/v1/ws`
    const sleeper = startSleeper(url, `http://127.0.0.1:${port}/`, channels)
    const of = (channel: string) => sleeper.heard.filter((it) => it.channel === channel)
    const publisher = new WeirClient({ url, token: await tokenFor("publisher", capabilities) })
    publisher.connect()
    const publish = async (from: number, to: number) => {
      for (const channel of channels)
        for (let n = from; n <= to; n++) await publisher.publish(channel, n)
    }
    await waitUntil("it listens", () => channels.every((it) => of(it).length === 1))
    await publish(1, 2)
    await waitUntil("it hears", () => channels.every((it) => of(it).length === 3))

    sleeper.sleep()
    await publish(3, 10)
    await waitUntil(
      "it is found out",
      async () => (await metric(weir.ops, 'weir_connector_closes_total{code="3012"}')) === 1,
      30_000
    )
    const before = asked
    sleeper.wake()

    await waitUntil("it is back", () => channels.every((it) => of(it).at(-1)?.data === 10))
    const values = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, index) => ({ data: from + index }))
    const told = (channel: string) => of(channel).map(({ channel: _, ...rest }) => rest)
    assert.deepStrictEqual(told("chat:room"), [
      { recovered: false },
      ...values(1, 2),
      { recovered: true },
      ...values(3, 10)
    ])
    assert.deepStrictEqual(told("short:room"), [
      { recovered: false },
      ...values(1, 2),
      { recovered: false },
      { gap: "trimmed" },
      ...values(8, 10)
    ])
    assert.isAbove(asked, before)
    sleeper.end()
    await publisher.close()
  })
})
