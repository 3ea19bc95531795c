/**
 * Every transport, with one connector and with two behind a load balancer that knows nothing of
 * sessions, be it nginx: the same promises.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { protobufCodec } from "@weir/client/ProtobufCodec"
import { ALL_TRANSPORTS, type Transport } from "@weir/client/Transports"
import { WeirClient, type WeirClientOptions } from "@weir/client/WeirClient"
import { HttpSocket, pollCodec, type Reading, sseCodec } from "./harness/HttpSocket.ts"
import { connectJson, jsonCodec } from "./harness/JsonClient.ts"
import { listen } from "./harness/listen.ts"
import { type Mesh, startMesh } from "./harness/Mesh.ts"
import { type Nginx, startNginx } from "./harness/Nginx.ts"
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

// As 25 s to the 60 s of nginx.
const heartbeatMs = 500
const strictMs = 3_000

const start = (): Promise<Mesh> => {
  const namespaces = { chat: { presence: true, clientPublish: true } }
  const limits = { exempt: ["127.0.0.0/8"], heartbeatMs }
  return startMesh({ router: 1, presence: 1, auth: 1, connector: 2 }, { namespaces, limits })
}

const edges = (mesh: Mesh) => mesh.all("connector").map(({ http }) => http!)

const statusOf = async (url: string, init: RequestInit = {}) => {
  const response = await fetch(url, init)
  await response.body?.cancel()
  return response.status
}

let channels = 0
const newChannel = () => `chat:edge-${++channels}`

/** What is promised to whoever comes by `address`. */
const promises = (meshOf: () => Mesh, addressOf: () => string) => {
  const clients: Array<WireClient> = []
  let mesh: Mesh
  let address: string

  beforeAll(() => {
    mesh = meshOf()
    address = addressOf()
  })
  afterAll(() => {
    for (const client of clients) client.close()
  })

  const token = (user: string) => developmentToken(edges(mesh)[0]!, user)
  const connect = async (codec: Codec, more: object) => {
    const client = await WireClient.open(address, codec)
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
    const url = `http://${address}/v1/sessions`
    const statuses = async (id: string) =>
      Promise.all([
        statusOf(`${url}/${id}/events`),
        statusOf(`${url}/${id}/poll`),
        statusOf(`${url}/${id}/commands`, { method: "POST", body: "{}" }),
        statusOf(`${url}/${id}`, { method: "DELETE" })
      ])
    for (const { node } of mesh.all("connector")) {
      assert.deepStrictEqual(await statuses(`${node}.nobody-has-this-id`), [404, 404, 404, 404])
    }
    assert.deepStrictEqual(await statuses("connector-9.nobody"), [410, 410, 410, 410])
  })
}

describe("a client", () => {
  let mesh: Mesh
  let toOne: TcpProxy
  let balancer: TcpProxy
  let nginx: Nginx
  beforeAll(async () => {
    mesh = await start()
    toOne = await startProxy(edges(mesh)[0]!)
    balancer = await startProxy(...edges(mesh))
    nginx = await startNginx(edges(mesh), strictMs)
  })
  afterAll(async () => {
    await nginx?.stop()
    await balancer?.close()
    await toOne?.close()
    await mesh?.stop()
  })

  describe("of one connector, behind a proxy", () => {
    promises(
      () => mesh,
      () => toOne.address
    )
  })

  describe("of two, behind a load balancer", () => {
    promises(
      () => mesh,
      () => balancer.address
    )
  })

  describe("of two, behind nginx", () => {
    promises(
      () => mesh,
      () => nginx.address
    )

    const open = async (http: string, options: Partial<WeirClientOptions>) => {
      const token = await developmentToken(edges(mesh).at(-1)!, "ann")
      const backoff = { minMs: 20, maxMs: 200 }
      const client = new WeirClient({ url: `http://${http}/v1/ws`, token, backoff, ...options })
      client.connect()
      await client.ready()
      return client
    }

    it("may be silent for longer than nginx lets anybody be", async () => {
      const channel = newChannel()
      const clients = await Promise.all([
        open(nginx.strict, { codec: protobufCodec }),
        ...ALL_TRANSPORTS.map((it) => open(nginx.strict, { transports: [it] }))
      ])
      const ears = await Promise.all(clients.map((client) => listen(client, channel)))

      const since = Date.now()
      await waitUntil("it was silent for so long", () => Date.now() - since > 1.3 * strictMs)
      await clients[0]!.publish(channel, 1)

      for (const { data, has } of ears) {
        await has(1)
        assert.deepStrictEqual(data(), [1])
      }
      const cut = nginx
        .log()
        .split("\n")
        .filter((line) => line.includes("timed out"))
      assert.deepStrictEqual(cut, [])
      await Promise.all(clients.map((client) => client.close()))
    })

    // The last one: the connector does not return.
    it("comes back when its connector dies, and hears each thing once", async () => {
      const [victim, survivor] = mesh.all("connector")
      const channel = newChannel()
      const connectTo = async (node: string, transport: Transport): Promise<WeirClient> => {
        const client = await open(nginx.address, { transports: [transport] })
        if (client.session!.startsWith(`${node}.`)) return client
        await client.close()
        // nginx takes turns: with or without one more request it is another one's.
        if (Math.random() < 0.5) await statusOf(`http://${nginx.address}/`)
        return connectTo(node, transport)
      }
      const clients: Array<WeirClient> = []
      for (const transport of ALL_TRANSPORTS) {
        for (const { node } of [victim!, survivor!]) clients.push(await connectTo(node, transport))
      }
      const ears = await Promise.all(clients.map((client) => listen(client, channel)))
      const token = await developmentToken(survivor!.http!, "bob")
      const publisher = await connectJson(survivor!.http!, { token })
      let published = 0
      const publish = () => publisher.publish(channel, ++published)
      for (const _ of numbers(1, 20)) await publish()

      const before = published
      await victim!.stop("SIGKILL")
      const hearsMore = async () => {
        await publish()
        return ears.every(({ data }) => Number(data().at(-1)) > before + 1)
      }
      await waitUntil("all hear what is said since", hearsMore, 30_000)
      for (const _ of numbers(1, 20)) await publish()

      for (const { data, gaps, has } of ears) {
        await has(published)
        assert.deepStrictEqual(data(), numbers(1, published))
        assert.isEmpty(gaps)
      }
      for (const { session, transport } of clients) {
        // Over a WebSocket it goes on under its name.
        if (transport !== "websocket") assert.isTrue(session!.startsWith(survivor!.node))
      }
      publisher.close()
      await Promise.all(clients.map((client) => client.close()))
    })
  })
})
