/**
 * Every process is restarted under load, one after the other, as an operator does who brings a new
 * version: nobody who publishes or listens has to know.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Transport } from "@weir/client/Transports"
import { WeirClient } from "@weir/client/WeirClient"
import type { HistoryEvent } from "./faults/history/History.ts"
import { readHistory } from "./faults/history/HistoryFile.ts"
import { type Outcome, run } from "./faults/Run.ts"
import type { Scenario, Stage } from "./faults/Scenario.ts"
import { startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { tokenFor } from "./harness/Tokens.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const order = ["auth-1", "presence-1", "router-1", "router-2"]
const connectors = ["connector-1", "connector-2"]

/** A program with the SDK that cannot use WebSocket, behind a load balancer; it counts to itself. */
const startCounter = async (link: TcpProxy, transport: Transport) => {
  const heard: Array<unknown> = []
  const wrong: Array<unknown> = []
  const client = new WeirClient({
    url: `ws://${link.address}/v1/ws`,
    token: await tokenFor(transport, { "*": ["subscribe", "publish"] }),
    transports: [transport],
    backoff: { minMs: 50, maxMs: 500 }
  })
  const channel = `chat:counter-${transport}`
  let returns = -1
  const subscription = client.subscribe(channel, {
    onPublication: ({ data }) => heard.push(data),
    onGap: (gap) => wrong.push(gap),
    onSubscribed: ({ recovered, reason }) => {
      if (++returns > 0 && !recovered) wrong.push(reason)
    }
  })
  client.connect()
  await subscription.subscribed()
  let count = 0
  const timer = setInterval(() => {
    client.publish(channel, ++count).catch((error) => wrong.push(error))
  }, 20)
  return {
    /** While Weir is there still. */
    finish: async () => {
      clearInterval(timer)
      await waitUntil(
        `${transport}: all is heard`,
        () => heard.length >= count || wrong.length > 0,
        30_000
      )
      await client.close()
      const all = Array.from({ length: count }, (_, index) => index + 1)
      return { heard, all, wrong, returns }
    }
  }
}

type Counter = Awaited<ReturnType<typeof startCounter>>
type Counted = Awaited<ReturnType<Counter["finish"]>>

describe("a rolling restart of every process, under load", () => {
  const directory = mkdtempSync(join(tmpdir(), "weir-rolling-"))
  let counted: ReadonlyArray<Counted>
  let outcome: Outcome
  let events: ReadonlyArray<HistoryEvent>

  const restartAll = async (stage: Stage) => {
    const { deployment, fault, healed } = stage
    const addresses = deployment.addresses("connector")
    const link = await startProxy(...addresses)
    const transports = ["sse", "longPolling"] as const
    const counters = await Promise.all(transports.map((it) => startCounter(link, it)))
    for (const name of [...order, ...connectors]) {
      fault("restart", name)
      // As a load balancer that has seen it unready, and sends nobody to who is going away.
      link.moveTo(...addresses.filter((_, index) => connectors[index] !== name))
      await deployment.stop(name)
      await deployment.start(name)
      await waitUntil(
        `${name} is ready`,
        async () => (await deployment.readiness(name).catch(() => 0)) === 200,
        30_000
      )
      link.moveTo(...addresses)
      healed("restart", name)
    }
    counted = await Promise.all(counters.map((it) => it.finish()))
    await link.close()
  }

  beforeAll(async () => {
    const scenario: Scenario = {
      name: "rolling",
      fault: "every process is restarted, one after the other",
      class: "A",
      deployment: {
        counts: { auth: 1, presence: 1, router: 2, connector: 2 },
        // A window of about 2 s for each connector: some leave by themselves, others are closed.
        config: { drain: { windowSeconds: 1_000 } }
      },
      run: restartAll
    }
    const workload = {
      ...{ publicationsPerSecond: 100, sdkSubscribers: 10, wireSubscribers: 4 },
      cutsPerSecond: 0
    }
    outcome = await run(scenario, { seed: 7, directory, workload })
    events = await readHistory([join(directory, "history.jsonl")])
  }, 300_000)

  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const isLogged = (channel: string) => !channel.startsWith("live:")

  it("breaks no promise, and loses nothing", () => {
    assert.deepStrictEqual(outcome.judgement.violations, [])
    assert.deepStrictEqual([...outcome.unmet, ...outcome.complaints], [])
    assert.isAbove(outcome.judgement.counts.acked, 500)
  })

  it("fails no publication of the SDK's, nor refuses one for good", () => {
    const failed = events.filter(
      (event) =>
        event.type === "publish" &&
        (event.phase === "fail" || (event.phase === "info" && event.process.startsWith("sdk-")))
    )
    assert.deepStrictEqual(failed, [])
  })

  it("tells no gap in a channel that is logged", () => {
    const gaps = events.filter((event) => event.type === "gap" && isLogged(event.channel))
    assert.deepStrictEqual(gaps, [])
  })

  it("begins no channel anew that is not logged, unless one of the two was too slow", () => {
    const renewed = events.filter(
      (event) => event.type === "gap" && event.reason === "epoch_changed"
    )
    const logs = order.map((name) => readFileSync(join(directory, `${name}.log`), "utf8"))
    // Each of them has a second for it, which a machine that has more to do may take from them.
    const isSlow = logs.some((log) => /a successor does not answer|does not hand over/.test(log))
    assert.isTrue(renewed.length === 0 || isSlow, JSON.stringify(renewed))
  })

  it("brings everybody back with all that was missed", () => {
    const returns = events.filter(
      (event) =>
        event.type === "subscribe" &&
        event.phase === "ok" &&
        event.since !== undefined &&
        isLogged(event.channel)
    )
    assert.deepStrictEqual(
      returns.filter(
        (event) => event.type === "subscribe" && !("recovered" in event && event.recovered)
      ),
      []
    )
    // Each has lost its connection once at least, and follows several.
    assert.isAbove(returns.length, 14)
  })

  it("is as little noticed by SSE and by long-polling", () => {
    for (const { all, heard, returns, wrong } of counted) {
      assert.deepStrictEqual(wrong, [])
      assert.deepStrictEqual(heard, all)
      assert.isAbove(returns, 0)
    }
  })
})
