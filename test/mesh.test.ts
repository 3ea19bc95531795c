import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Mesh, startMesh } from "./harness/Mesh.ts"
import { type Publication, PublishClient } from "./harness/PublishClient.ts"
import { join, type RoomClient } from "./harness/RoomClient.ts"
import { startProxy } from "./harness/TcpProxy.ts"
import { developmentToken, metric } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

const message = (channel: string, n: number): Publication => ({
  channel,
  data: Buffer.from(JSON.stringify({ n })),
  message_id: `m-${n}`
})

describe("two routers and two connectors as separate processes", () => {
  let mesh: Mesh
  let publishers: ReadonlyArray<PublishClient>
  let token: string
  const http = (connector: number) => mesh.nodes.get(`connector-${connector}`)!.http!

  beforeAll(async () => {
    mesh = await startMesh(
      { auth: 1, presence: 1, router: 2, connector: 2 },
      { limits: { exempt: ["127.0.0.0/8"] } }
    )
    publishers = mesh.all("router").map(({ grpc }) => new PublishClient(grpc!))
    token = await developmentToken(http(1), "ann")
  })

  afterAll(async () => {
    for (const publisher of publishers) publisher.close()
    await mesh.stop()
  })

  const publishedBy = (router: string) =>
    metric(mesh.nodes.get(router)!.ops, 'weir_router_publish_total{result="ok"}')

  it("gives every channel one owner, whichever router is asked", async () => {
    const channels = range(1, 40).map((n) => `chat:owned-${n}`)
    const before = await Promise.all(["router-1", "router-2"].map(publishedBy))

    const positions = new Map<string, Set<string>>()
    for (const channel of channels) {
      for (const [index, publisher] of publishers.entries()) {
        const { position } = await publisher.publish(message(channel, index))
        assert.strictEqual(position.offset, index + 1)
        positions.set(
          channel,
          (positions.get(channel) ?? new Set()).add(`${position.epoch} ${position.term}`)
        )
      }
    }

    for (const lives of positions.values()) assert.strictEqual(lives.size, 1)
    const after = await Promise.all(["router-1", "router-2"].map(publishedBy))
    const decided = after.map((count, index) => count - before[index]!)
    assert.strictEqual(decided[0]! + decided[1]!, 80)
    assert.isAbove(Math.min(...decided), 0, "both routers own some channels")
  })

  it("gives one order to clients of both connectors, published through both routers", async () => {
    const channel = "chat:one-order"
    const left = await join(http(1), token, { channel })
    const right = await join(http(2), token, { channel })

    await Promise.all(
      publishers.map((publisher, router) =>
        Promise.all(range(1, 50).map((n) => publisher.publish(message(channel, router * 100 + n))))
      )
    )

    for (const { client } of [left, right]) {
      await waitUntil("all 100 have arrived", () => client.offsets.length >= 100)
      assert.deepStrictEqual(client.offsets, range(1, 100))
      client.close()
    }
  })

  it("brings 10,000 publications at full speed to 50 subscribers once, in order, and to one that was cut off", async () => {
    const channel = "chat:full-speed"
    const total = 10_000
    const clients = await Promise.all(
      range(1, 50).map(async (n) => (await join(http(1 + (n % 2)), token, { channel })).client)
    )
    const proxy = await startProxy(http(1))
    const first = (await join(proxy.address, token, { channel })).client

    const publishing = publishers[0]!.publishAll(range(1, total).map((n) => message(channel, n)))
    await waitUntil("it is in the middle", () => first.offsets.length > 1_000)
    proxy.cut()
    await waitUntil("it is cut off", () => first.closed)
    const since = first.last!
    const again = await join(proxy.address, token, { channel, since })

    assert.deepStrictEqual(await publishing, range(1, total))
    assert.isTrue(again.subscribed.recovered)
    assert.strictEqual(again.subscribed.next, since.offset + 1)
    const arrived = (client: RoomClient, count: number) =>
      waitUntil(`${count} have arrived`, () => client.offsets.length >= count, 60_000)
    for (const client of clients) {
      await arrived(client, total)
      assert.deepStrictEqual(client.offsets, range(1, total))
    }
    await arrived(again.client, total - since.offset)
    assert.deepStrictEqual([...first.offsets, ...again.client.offsets], range(1, total))
    assert.isBelow(since.offset, total, "it was cut off before the end")
    for (const client of [...clients, again.client]) client.close()
    await proxy.close()
  })
})
