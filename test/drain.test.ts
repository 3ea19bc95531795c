/**
 * A connector that is told to end lets go of its clients in even steps, and meanwhile serves those
 * that it still has.
 */
import { once } from "node:events"
import { afterEach, assert, describe, it } from "@effect/vitest"
import { ALL_TRANSPORTS } from "@weir/client/Transports"
import { WeirClient } from "@weir/client/WeirClient"
import { connectJson } from "./harness/JsonClient.ts"
import { developmentToken, metric, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const count = 300
/** In Weir's settings it is said for 5,000 connections. */
const windowMs = 3_000
const windowSeconds = (windowMs / 1_000) * (5_000 / count)

const exempt = { limits: { exempt: ["127.0.0.0/8"] } }

/** How many of the moments lie in each tenth of a window that begins with the first. */
const tenthsOf = (moments: ReadonlyArray<number>): ReadonlyArray<number> => {
  const first = Math.min(...moments)
  const tenths = Array.from({ length: 10 }, () => 0)
  for (const at of moments) tenths[Math.min(9, Math.floor(((at - first) / windowMs) * 10))]!++
  return tenths
}

describe("a connector that drains", () => {
  let weir: WeirProcess
  afterEach(() => weir.stop())

  const readiness = async () => (await fetch(`http://${weir.ops}/readyz`)).status

  const connectAll = async (size: number) => {
    const token = await developmentToken(weir.http!, "ann")
    const clients: Array<WireClient> = []
    for (let n = 0; n < size; n++) {
      clients.push(await connectJson(weir.http!, { token, subscriptions: [{ channel: "chat:a" }] }))
    }
    return { token, clients }
  }

  it("is not ready at once, takes newcomers for a while, and then no more", async () => {
    weir = await start({
      program: "standalone",
      config: { ...exempt, drain: { settleSeconds: 5, windowSeconds: 3_600 } }
    })
    const { clients, token } = await connectAll(10)
    weir.child.kill("SIGTERM")

    await waitUntil("it is not ready", async () => (await readiness()) === 503)
    const newcomer = await connectJson(weir.http!, { token })
    const open = () => fetch(`http://${weir.http}/v1/sessions`, { method: "POST", body: "{}" })
    const refused = await waitUntil("it takes nobody", async () => {
      const response = await open()
      return response.status === 503 && response
    })

    assert.isAtLeast(Number(refused.headers.get("retry-after")), 1)
    await connectJson(weir.http!, { token }).then(
      () => assert.fail("a newcomer was taken"),
      () => {}
    )
    const last = clients.at(-1)!
    assert.strictEqual((await last.publish("chat:a", "still here")).type, "published")
    assert.strictEqual((await last.take("publication")).payload.data, "still here")
    assert.isTrue(newcomer.isOpen)
    assert.isAbove(await metric(weir.ops, "weir_connector_draining"), 0)

    // Nobody waits for the rest.
    const exited = once(weir.child, "exit")
    weir.child.kill("SIGTERM")
    assert.deepStrictEqual(await exited, [0, null], weir.log())
    const { code } = await newcomer.closed()
    assert.strictEqual(code, 3001)
  })

  it("tells its clients to go, evenly over its window, and then closes who stays", async () => {
    weir = await start({ program: "standalone", config: { ...exempt, drain: { windowSeconds } } })
    const { clients } = await connectAll(count)
    const told: Array<number> = []
    const closed: Array<number> = []
    const watched = clients.map(async (client) => {
      const { payload } = await client.take("goaway")
      told.push(performance.now())
      const close = await client.closed()
      closed.push(performance.now())
      return { payload, close }
    })

    const exited = once(weir.child, "exit")
    weir.child.kill("SIGTERM")
    for (const { close, payload } of await Promise.all(watched)) {
      const afterMs = { min: 100, max: 3_000 }
      assert.deepStrictEqual(payload, { code: 3001, closeInMs: windowMs, afterMs })
      assert.deepStrictEqual(close, { code: 3001, reason: "shutdown;after=100-3000" })
    }
    assert.deepStrictEqual(await exited, [0, null], weir.log())

    // That nobody is early or late is the rule's own test; this machine may hiccup.
    for (const moments of [told, closed]) {
      const tenths = tenthsOf(moments)
      assert.isAtLeast(tenths.filter((it) => it > 0).length, 8, tenths.join(" "))
      assert.isAtMost(Math.max(...tenths), count / 2, tenths.join(" "))
    }
  })
})

describe("a connection that has become old", () => {
  it("is left by the SDK when it is asked to, with no wait, and nothing is missed", async () => {
    const limits = { ...exempt.limits, connectionMaxAgeSeconds: 1 }
    const weir = await start({ program: "standalone", config: { limits } })
    const token = await developmentToken(weir.http!, "ann")
    const publisher = await connectJson(weir.http!, { token })
    const watched = await Promise.all(
      ALL_TRANSPORTS.map(async (transport) => {
        const url = `ws://${weir.http}/v1/ws`
        const states: Array<string> = []
        const heard: Array<unknown> = []
        const returns: Array<boolean> = []
        const onState = (state: string) => states.push(state)
        const client = new WeirClient({ url, token, transports: [transport], onState })
        const subscription = client.subscribe("chat:a", {
          onPublication: ({ data }) => heard.push(data),
          onSubscribed: ({ recovered }) => returns.push(recovered)
        })
        client.connect()
        await subscription.subscribed()
        return { transport, client, states, heard, returns }
      })
    )

    let published = 0
    await waitUntil("each has come back", async () => {
      await publisher.publish("chat:a", ++published)
      return watched.every(({ returns }) => returns.length > 1)
    })
    await waitUntil("all is heard", () => watched.every(({ heard }) => heard.length === published))
    for (const { client, heard, returns, states, transport } of watched) {
      const all = Array.from({ length: published }, (_, index) => index + 1)
      assert.deepStrictEqual(heard, all, transport)
      assert.isTrue(
        returns.slice(1).every((it) => it),
        transport
      )
      assert.notInclude(states, "waiting", transport)
      await client.close()
    }
    await weir.stop()
  })
})
