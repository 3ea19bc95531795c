import { setTimeout } from "node:timers/promises"
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
          now: { logged: false, slowConsumer: "conflate" },
          fleet: { logged: false, slowConsumer: "conflate", conflateByKey: true },
          prices: {
            historySize: 100_000,
            historyBytes: 67_108_864,
            slowConsumer: "conflate",
            conflateByKey: true
          },
          ticker: { logged: false, slowConsumer: "dropOldest" },
          feed: {
            historySize: 100_000,
            historyBytes: 67_108_864,
            slowConsumer: "dropOldest"
          },
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

  const total = 5_000
  const keys = 10

  /** Some 20 MB, more than the kernel's buffers and the outbox hold together. */
  const publishMuch = (channel: string) => {
    const data = Buffer.from(JSON.stringify("x".repeat(4_000)))
    return publisher.publishAll(
      range(1, total).map((n) => ({ channel, data, key: `key-${n % keys}` }))
    )
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

  it.each([
    ["state:stalled", 1],
    ["now:stalled", 1],
    ["fleet:stalled", keys],
    ["prices:stalled", keys]
  ])("is given, on %s, the newest of each of %i keys, without a gap", async (channel, owed) => {
    const { fast, slow } = await stallOn(channel)
    await waitUntil("it has the newest", () => slow.offsets.at(-1) === total, 60_000)

    assert.deepStrictEqual(fast.offsets, range(1, total))
    assert.isBelow(slow.offsets.length, total)
    assert.deepStrictEqual(
      slow.offsets,
      slow.offsets.toSorted((a, b) => a - b)
    )
    assert.deepStrictEqual(slow.offsets.slice(-owed), range(total - owed + 1, total))
    assert.deepStrictEqual(gapsOf(slow.frames), [])
    slow.close()
    fast.close()
  })

  it.each(["ticker:stalled", "feed:stalled"])(
    "goes on, on %s, with the newest that were kept, and is told of the older ones",
    async (channel) => {
      const { fast, slow } = await stallOn(channel)
      await waitUntil("it has the newest", () => slow.offsets.at(-1) === total, 60_000)

      assert.deepStrictEqual(fast.offsets, range(1, total))
      const [gap, ...others] = gapsOf(slow.frames)
      assert.deepStrictEqual(others, [])
      assert.strictEqual(gap!.reason, "dropped")
      assert.deepStrictEqual(slow.offsets, [
        ...range(1, gap!.from - 1),
        ...range(gap!.to + 1, total)
      ])
      // 64 KiB of them, which are a little more than 4,000 bytes each.
      const kept = total - gap!.to
      assert.isAtMost(kept, 16)
      assert.isAtLeast(kept, 14)
      slow.close()
      fast.close()
    }
  )

  it("is counted what it was not given", async () => {
    const skipped = (reason: string) =>
      metric(weir.ops, `weir_connector_publications_skipped_total{reason="${reason}"}`)
    assert.isAbove(await skipped("conflated"), 0)
    assert.isAbove(await skipped("dropped"), 0)
    assert.isAbove(await skipped("trimmed"), 0)
  })

  it("is given at most what it asked for, the newest, and resumes with that", async () => {
    const channel = "chat:rated"
    const maxRateMs = 200
    const began = Date.now()
    const { client, subscribed } = await join(weir.http!, token, { channel, maxRateMs })
    const data = Buffer.from('"x"')
    for (const n of range(1, 50)) {
      await publisher.publish({ channel, data, message_id: `m-${n}` })
      await setTimeout(10)
    }
    await waitUntil("it has the newest", () => client.offsets.at(-1) === 50)
    const elapsed = Date.now() - began
    client.close()
    await publisher.publishAll(range(51, 1_000).map(() => ({ channel, data })))
    const again = await join(weir.http!, token, { channel, maxRateMs, since: client.last! })
    await waitUntil("it has the newest", () => again.client.offsets.at(-1) === 1_000)
    again.client.close()

    assert.strictEqual(subscribed.delivery, "latest")
    assert.strictEqual(again.subscribed.delivery, "latest")
    assert.isAbove(client.offsets.length, 1)
    assert.isAtMost(client.offsets.length, Math.ceil(elapsed / maxRateMs) + 1)
    assert.isTrue(again.subscribed.recovered)
    assert.strictEqual(again.subscribed.next, 1_000)
    assert.deepStrictEqual(again.client.offsets, [1_000])
    assert.deepStrictEqual(gapsOf([...client.frames, ...again.client.frames]), [])
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
