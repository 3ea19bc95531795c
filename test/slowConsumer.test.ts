import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { PublishClient } from "./harness/PublishClient.ts"
import { join } from "./harness/RoomClient.ts"
import { startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { developmentToken, metric, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe("a client that does not read", () => {
  let weir: WeirProcess
  let proxy: TcpProxy
  let publisher: PublishClient
  let token: string

  beforeAll(async () => {
    weir = await start({
      program: "standalone",
      config: {
        limits: { exempt: ["127.0.0.0/8"], outboxBytes: 65_536 },
        namespaces: {
          chat: { historySize: 100_000, historyBytes: 67_108_864 },
          short: { historySize: 1_000 },
          live: { logged: false },
          state: { historySize: 1, slowConsumer: "conflate" },
          strict: {
            historySize: 100_000,
            historyBytes: 67_108_864,
            slowConsumer: "disconnect"
          }
        }
      }
    })
    proxy = await startProxy(weir.http!)
    publisher = new PublishClient(weir.grpc!)
    token = await developmentToken(weir.http!, "ann")
  })

  afterAll(async () => {
    publisher.close()
    await proxy.close()
    await weir.stop()
  })

  const total = 20_000

  /** Some 20 MB, more than the kernel's buffers and the outbox hold together. */
  const publishMuch = (channel: string) => {
    const data = Buffer.from(JSON.stringify("x".repeat(1_000)))
    return publisher.publishAll(range(1, total).map(() => ({ channel, data })))
  }

  /** One that stalls and one that does not, on a channel to which much is published. */
  const stallOn = async (channel: string) => {
    const slow = (await join(proxy.address, token, { channel })).client
    const fast = (await join(weir.http!, token, { channel })).client
    proxy.stall(true)
    await publishMuch(channel)
    await waitUntil("the fast one has all", () => fast.offsets.at(-1) === total, 60_000)
    proxy.stall(false)
    return { slow, fast }
  }

  const gapsOf = (frames: ReadonlyArray<{ type: string; payload: unknown }>) =>
    frames.filter(({ type }) => type === "gap").map(({ payload }) => payload as Gap)

  interface Gap {
    readonly reason: string
    readonly from: number
    readonly to: number
    readonly position: { readonly offset: number }
  }

  it("misses nothing of a log that still has it, and holds nobody up", async () => {
    const { fast, slow } = await stallOn("chat:stalled")

    assert.deepStrictEqual(fast.offsets, range(1, total))
    await waitUntil("the slow one has all", () => slow.offsets.at(-1) === total, 60_000)
    assert.deepStrictEqual(slow.offsets, range(1, total))
    assert.deepStrictEqual(gapsOf(slow.frames), [])
    slow.close()
    fast.close()
  })

  it.each(["short:stalled", "live:stalled"])(
    "is told exactly what is missing on %s, which the log no longer has",
    async (channel) => {
      const { fast, slow } = await stallOn(channel)
      await waitUntil("it is told", () => gapsOf(slow.frames).length > 0, 60_000)
      await publisher.publish({ channel, data: Buffer.from('"after"') })
      await waitUntil("it is up to date", () => slow.offsets.at(-1) === total + 1, 60_000)

      const missing = gapsOf(slow.frames).flatMap(({ from, position, reason, to }) => {
        assert.strictEqual(reason, channel.startsWith("short") ? "trimmed" : "dropped")
        assert.strictEqual(position.offset, to)
        return range(from, to)
      })
      const accounted = [...slow.offsets, ...missing].toSorted((a, b) => a - b)
      assert.deepStrictEqual(accounted, range(1, total + 1))
      assert.isAbove(missing.length, 0)
      slow.close()
      fast.close()
    }
  )

  it("is given the newest where only that counts, without a gap", async () => {
    const { fast, slow } = await stallOn("state:stalled")
    await waitUntil("it has the newest", () => slow.offsets.at(-1) === total, 60_000)

    assert.isBelow(slow.offsets.length, total)
    assert.deepStrictEqual(
      slow.offsets,
      slow.offsets.toSorted((a, b) => a - b)
    )
    assert.deepStrictEqual(gapsOf(slow.frames), [])
    slow.close()
    fast.close()
  })

  it("is disconnected where the namespace says so, and resumes with nothing missing", async () => {
    const { fast, slow } = await stallOn("strict:stalled")
    await waitUntil("it is closed", () => slow.closed, 60_000)
    const since = slow.last!
    const again = await join(proxy.address, token, { channel: "strict:stalled", since })

    assert.isTrue(again.subscribed.recovered)
    await waitUntil("it has the rest", () => again.client.offsets.at(-1) === total, 60_000)
    assert.deepStrictEqual([...slow.offsets, ...again.client.offsets], range(1, total))
    again.client.close()
    fast.close()
  })

  it("leaves no queue behind", async () => {
    await waitUntil("all queues are empty", async () => {
      const depths = await Promise.all(
        [
          "weir_connector_outbox_depth",
          "weir_connector_subscriptions_behind",
          "weir_router_lagging"
        ].map((gauge) => metric(weir.ops, gauge))
      )
      return depths.every((depth) => depth === 0)
    })
  })
})
