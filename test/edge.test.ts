/**
 * Every transport, with one connector and with two behind a load balancer that knows nothing of
 * sessions: the same promises.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { HttpSocket, pollCodec, type Reading, sseCodec } from "./harness/HttpSocket.ts"
import { jsonCodec } from "./harness/JsonClient.ts"
import { type Mesh, startMesh } from "./harness/Mesh.ts"
import { protoCodec } from "./harness/ProtoClient.ts"
import { startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { developmentToken, metric } from "./harness/WeirProcess.ts"
import { type Codec, type Payload, WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const transports = [
  ["WebSocket in JSON", jsonCodec],
  ["WebSocket in protobuf", protoCodec],
  ["SSE", sseCodec],
  ["long-polling", pollCodec]
] as const

const readings = [
  ["SSE", "events"],
  ["long-polling", "poll"]
] as const

/** What it hears until it has heard so many. */
const hears = async (client: WireClient, channel: string, count: number) => {
  const heard: Array<unknown> = []
  await waitUntil("all is heard", () => {
    heard.push(...client.takeValues(channel))
    return heard.length >= count
  })
  return heard
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe.each([1, 2])("with %i behind a load balancer, a client", (connectors) => {
  let mesh: Mesh
  let balancer: TcpProxy
  let count = 0
  const newChannel = () => `chat:edge-${++count}`
  const clients: Array<WireClient> = []

  beforeAll(async () => {
    const namespaces = { chat: { presence: true, clientPublish: true } }
    const limits = { exempt: ["127.0.0.0/8"] }
    mesh = await startMesh(
      { router: 1, presence: 1, auth: 1, connector: connectors },
      { namespaces, limits }
    )
    balancer = await startProxy(...mesh.all("connector").map(({ http }) => http!))
  })
  afterAll(async () => {
    for (const client of clients) client.close()
    await balancer?.close()
    await mesh?.stop()
  })

  const token = (user: string) => developmentToken(mesh.all("connector")[0]!.http!, user)
  const connect = async (codec: Codec, more: object) => {
    const client = await WireClient.open(balancer.address, codec)
    clients.push(client)
    const { payload } = await client.request("connect", { versions: ["1"], ...more })
    return { client, connected: payload as Payload }
  }

  describe.each(transports)("over %s", (_, codec) => {
    it("hears what others say, in order, and what it says itself", async () => {
      const channel = newChannel()
      const { client } = await connect(codec, { token: await token("ann") })
      const { client: other } = await connect(jsonCodec, { token: await token("bob") })
      await client.subscribe(channel)

      for (const n of numbers(1, 100)) {
        const { type } = await (n % 10 === 0 ? client : other).publish(channel, n)
        assert.strictEqual(type, "published")
      }

      const heard = await hears(client, channel, 100)
      assert.deepStrictEqual(heard, numbers(1, 100))
    })

    it("comes back with its ticket, in one round trip, and lacks nothing", async () => {
      const channel = newChannel()
      const first = await connect(codec, {
        token: await token("ann"),
        subscriptions: [{ channel, member: {} }]
      })
      const { client: other } = await connect(jsonCodec, { token: await token("bob") })
      await other.subscribe(channel, { presence: true })
      const { payload: published } = await first.client.publish(channel, 0)
      first.client.close()
      for (const n of numbers(1, 50)) await other.publish(channel, n)

      const { connected } = first
      const { ticket } = connected
      const since = published.position
      const { client, connected: again } = await connect(codec, {
        ticket,
        subscriptions: [{ channel, since }]
      })

      assert.isTrue(
        again.subscriptions[0].subscribed?.recovered ??
          again.subscriptions[0].result.subscribed.recovered
      )
      const heard = await hears(client, channel, 50)
      assert.deepStrictEqual(heard, numbers(1, 50))
    })
  })

  it.each(readings)(
    "hears each thing once over %s, however often its reader is cut off",
    async (_, reading: Reading) => {
      const channel = newChannel()
      let socket: HttpSocket | undefined
      const open = (http: string) => {
        socket = new HttpSocket(http, reading)
        return socket
      }
      const { client } = await connect({ ...jsonCodec, open }, { token: await token("ann") })
      const { client: other } = await connect(jsonCodec, { token: await token("bob") })
      await client.subscribe(channel)

      for (const n of numbers(1, 200)) {
        await other.publish(channel, n)
        if (n % 10 === 0) socket!.cut()
      }

      const heard = await hears(client, channel, 200)
      await client.settle()
      assert.deepStrictEqual(heard, numbers(1, 200))
      assert.isEmpty(client.takeValues(channel))
    }
  )

  it.each(readings)("that says goodbye over %s is gone everywhere", async (_, reading) => {
    const channel = newChannel()
    const codec = reading === "events" ? sseCodec : pollCodec
    const { client } = await connect(codec, { token: await token("ann") })
    const { client: other } = await connect(jsonCodec, { token: await token("bob") })
    await other.subscribe(channel, { presence: true })
    await client.subscribe(channel, { member: {} })
    await other.take("presenceChange")

    client.close()

    const { payload } = await other.take("presenceChange")
    assert.lengthOf(payload.left, 1)
    const left = async () => {
      const open = await Promise.all(
        mesh
          .all("connector")
          .map(({ ops }) => metric(ops, 'weir_connector_connections{transport="events"}'))
      )
      return open.every((it) => it === 0)
    }
    for (const it of clients) it.close()
    await waitUntil("no session is left", left)
  })

  it("is told by a status what has become of a session", async () => {
    const url = `http://${balancer.address}/v1/sessions`
    const statuses = async (id: string) =>
      Promise.all([
        fetch(`${url}/${id}/events`).then(({ status }) => status),
        fetch(`${url}/${id}/poll`).then(({ status }) => status),
        fetch(`${url}/${id}/commands`, { method: "POST", body: "{}" }).then(({ status }) => status),
        fetch(`${url}/${id}`, { method: "DELETE" }).then(({ status }) => status)
      ])
    for (const { node } of mesh.all("connector")) {
      assert.deepStrictEqual(await statuses(`${node}.nobody-has-this-id`), [404, 404, 404, 404])
    }
    assert.deepStrictEqual(await statuses("connector-9.nobody"), [410, 410, 410, 410])
  })
})
