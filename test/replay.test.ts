import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type FaultProxy, start as startProxy } from "./faults/FaultProxy.ts"
import { inspectFlags, inspectHeap } from "./harness/Heap.ts"
import { PublishClient } from "./harness/PublishClient.ts"
import { type RedisServer, startRedis } from "./harness/RedisServer.ts"
import { join, type RoomClient } from "./harness/RoomClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

const missed = 9_000

/** Of each publication: 18 MB and more are missed. */
const dataBytes = 2_000

/** What may be held for it: an outbox of 1 MiB, and pages of 256 KiB on their way through. */
const heldBytes = 4_000_000

/** Of one channel: see `RecentEntries` of the router. */
const recentBytes = 1_048_576

describe("a client that comes back over a slow link to 9,000 missed publications", () => {
  let redis: RedisServer
  let weir: WeirProcess
  let slowLink: FaultProxy
  let publisher: PublishClient
  let token: string

  beforeAll(async () => {
    redis = await startRedis()
    weir = await start({
      program: "standalone",
      nodeFlags: inspectFlags,
      env: { WEIR_REDIS_URL: redis.url }
    })
    slowLink = await startProxy(weir.http!)
    publisher = new PublishClient(weir.grpc!)
    token = await developmentToken(weir.http!, "ann")
  })

  afterAll(async () => {
    publisher?.close()
    await slowLink?.close()
    await weir?.stop()
    await redis?.stop()
  })

  const data = Buffer.from(JSON.stringify("x".repeat(dataBytes)))

  it("is given all of them in pages, while nobody else notices and nothing piles up", async () => {
    const channel = "chat:missed"
    const before = await join(weir.http!, token, { channel })
    await publisher.publishAll([{ channel, data }])
    await waitUntil("it has the first", () => before.client.last)
    const since = before.client.last!
    before.client.close()
    await publisher.publishAll(range(1, missed).map(() => ({ channel, data })))

    const others = [channel, "chat:other"]
    const live = new Map<string, RoomClient>()
    for (const name of others) {
      live.set(name, (await join(weir.http!, token, { channel: name })).client)
    }
    const { bufferBytes, usedBytes } = await inspectHeap(weir)
    const atRest = bufferBytes + usedBytes
    slowLink.set({ bytesPerSecond: 2_000_000 })
    const slow = await join(slowLink.address, token, { channel, since })
    assert.isTrue(slow.subscribed.recovered)

    // Everybody else goes on meanwhile, on the same channel and on another one.
    const held: Array<number> = []
    let published = 0
    while (slow.client.offsets.length < missed) {
      for (const name of others) await publisher.publish({ channel: name, data })
      published++
      await waitUntil("the others have it", () =>
        [...live.values()].every(({ offsets }) => offsets.length === published)
      )
      const given = slow.client.offsets.length
      if (held.length < 2 && given > (held.length * missed) / 3) {
        const { bufferBytes, usedBytes } = await inspectHeap(weir)
        // What the others were given in the last seconds its owner remembers, whoever is slow.
        const remembered = Math.min(published * dataBytes, recentBytes) * others.length
        if (slow.client.offsets.length < missed) {
          held.push(bufferBytes + usedBytes - atRest - remembered)
        }
      }
    }
    const head = 1 + missed + published
    await waitUntil("it is up to date", () => slow.client.offsets.at(-1) === head, 60_000)
    assert.deepStrictEqual(slow.client.offsets, range(2, head))
    assert.deepStrictEqual(
      slow.client.frames.filter(({ type }) => type === "gap"),
      []
    )
    assert.lengthOf(held, 2, "it was not looked at while the replay went on")
    for (const bytes of held) assert.isBelow(bytes, heldBytes)
    slow.client.close()
    for (const client of live.values()) client.close()
  }, 120_000)
})
