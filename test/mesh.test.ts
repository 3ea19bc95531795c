import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Mesh, startMesh } from "./harness/Mesh.ts"
import { type Publication, PublishClient } from "./harness/PublishClient.ts"
import { join, RoomClient } from "./harness/RoomClient.ts"
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
    const begin = performance.now()
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
    // Among them may be those with which each connector tries every 5 s whether it is served.
    const each = 1 + Math.floor((performance.now() - begin) / 5_000)
    const probes = mesh.all("connector").length * each
    assert.isAtLeast(decided[0]! + decided[1]!, 80)
    assert.isAtMost(decided[0]! + decided[1]!, 80 + probes)
    assert.isAbove(Math.min(...decided), probes, "both routers own some channels")
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

  it("lets clients come and go while a router stalls, and serves the next ones", async () => {
    const routers = mesh.all("router")
    const channels = range(1, 20).map((n) => `chat:stalled-${n}`)
    const connect = async () => {
      const client = new RoomClient(http(1))
      await client.connect(token)
      return client
    }
    for (const { child } of routers) child.kill("SIGSTOP")
    for (const _ of range(1, 3)) {
      const client = await connect()
      for (const [index, channel] of channels.entries()) {
        client.send("subscribe", { channel }, 100 + index)
      }
      client.close()
      await waitUntil("it is gone", () => client.closed)
    }
    for (const { child } of routers) child.kill("SIGCONT")

    for (const _ of range(1, 2)) {
      const client = await connect()
      for (const channel of channels) {
        const { type } = await client.ask("subscribe", { channel })
        assert.strictEqual(type, "subscribed", channel)
      }
      await Promise.all(
        channels.map((channel) => publishers[0]!.publish({ channel, data: Buffer.from("1") }))
      )
      await waitUntil("each channel is live", () => client.offsets.length === channels.length)
      client.close()
    }
  })

  it("resumes on one router while the other hangs with many who wait for it", async () => {
    const channels = range(1, 100).map((n) => `chat:hung-${n}`)
    const positions = await Promise.all(
      channels.map((channel) =>
        publishers[0]!.publish(message(channel, 1)).then(({ position }) => position)
      )
    )
    // Terms tell the two routers apart.
    const [term] = positions.map((position) => position.term)
    const mine = (hung: boolean) => (_: unknown, index: number) =>
      (positions[index]!.term === term) === hung
    const hangs = channels.filter(mine(true))
    const answers = channels.filter(mine(false))
    const owner = await publishers[0]!.publish(message(hangs[0]!, 1))
    assert.isTrue(owner.duplicate)

    const owned = async (router: string) => {
      const series = 'weir_router_publish_total{result="duplicate"}'
      return (await metric(mesh.nodes.get(router)!.ops, series)) > 0
    }
    const hung = (await owned("router-1")) ? "router-1" : "router-2"
    mesh.nodes.get(hung)!.child.kill("SIGSTOP")
    const waiting = await Promise.all(
      range(1, 4).map(async () => {
        const client = new RoomClient(http(1))
        await client.connect(token)
        for (const [index, channel] of hangs.entries()) {
          const since = positions[channels.indexOf(channel)]
          client.send("subscribe", { channel, since }, 100 + index)
        }
        return client
      })
    )

    const since = positions[channels.indexOf(answers[0]!)]!
    const { client, subscribed } = await join(http(1), token, { channel: answers[0]!, since })
    assert.isTrue(subscribed.recovered)
    assert.isTrue(
      waiting.every(({ frames }) => frames.every(({ type }) => type === "connected")),
      "the others were still waiting then"
    )
    mesh.nodes.get(hung)!.child.kill("SIGCONT")
    for (const each of [client, ...waiting]) each.close()
  })

  it("tells everybody when a router is killed with its logs, and goes on once it is back", async () => {
    const channels = range(1, 10).map((n) => `chat:killed-${n}`)
    const { client } = await join(http(2), token, { channel: channels[0]! })
    for (const channel of channels.slice(1)) await client.ask("subscribe", { channel })
    await Promise.all(channels.map((channel) => publishers[0]!.publish(message(channel, 1))))
    await waitUntil("all have arrived", () => client.offsets.length === channels.length)

    await mesh.restart("router-1", "SIGKILL")
    await mesh.restart("router-2", "SIGKILL")
    const gaps = () =>
      client.frames.filter(({ type }) => type === "gap").map(({ payload }) => payload)
    await waitUntil("each channel has its gap", () => gaps().length === channels.length)
    for (const { reason } of gaps()) assert.strictEqual(reason, "epoch_changed")

    const again = new PublishClient(mesh.nodes.get("router-1")!.grpc!)
    for (const channel of channels) {
      await waitUntil(`${channel} takes publications`, () =>
        again.publish(message(channel, 2)).then(
          () => true,
          () => false
        )
      )
    }
    await waitUntil("all have arrived again", () => client.offsets.length === 2 * channels.length)
    assert.isUndefined(client.closed)
    again.close()
    client.close()
  })

  it("keeps rosters true when the presence node is killed while somebody leaves", async () => {
    const channel = "chat:roster"
    const watcher = await join(http(1), token, { channel, member: { data: "a" }, presence: true })
    const leaver = await join(http(2), token, { channel, member: { data: "b" } })
    const changes = () =>
      watcher.client.frames
        .filter(({ type }) => type === "presenceChange")
        .map(({ payload }) => payload)
    await waitUntil("the other has come", () =>
      changes().some(({ joined }) => joined.some(({ data }: { data: string }) => data === "b"))
    )

    mesh.nodes.get("presence-1")!.child.kill("SIGSTOP")
    leaver.client.close()
    await waitUntil("the other is gone", () => leaver.client.closed)
    await mesh.restart("presence-1", "SIGKILL")

    await waitUntil("it is told to look again", () => changes().some(({ reset }) => reset))
    await waitUntil("the roster is true", async () => {
      const { payload } = await watcher.client.ask("presence", { channel })
      return payload.members?.length === 1 && payload.members[0].data === "a"
    })
    watcher.client.close()
  })
})
