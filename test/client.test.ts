/**
 * The SDK against a real server, some of it through a link that is cut.
 */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Position } from "@weir/client/Envelope"
import type { WeirError } from "@weir/client/Failure"
import { httpSocket } from "@weir/client/HttpSocket"
import { jsonCodec } from "@weir/client/JsonCodec"
import { protobufCodec } from "@weir/client/ProtobufCodec"
import { WeirClient, type WeirClientOptions } from "@weir/client/WeirClient"
import { listen } from "./harness/listen.ts"
import { startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

let server: WeirProcess

beforeAll(async () => {
  server = await start({ program: "standalone" })
})
afterAll(async () => {
  await server?.stop()
})

let channels = 0

describe.each([
  ["WebSocket in JSON", jsonCodec, undefined],
  ["WebSocket in protobuf", protobufCodec, undefined],
  ["SSE", jsonCodec, httpSocket("events")],
  ["long-polling", jsonCodec, httpSocket("poll")]
])("WeirClient over %s", (_transport, codec, webSocket) => {
  let link: TcpProxy
  const clients: Array<WeirClient> = []
  const connects = new Map<WeirClient, number>()

  beforeAll(async () => {
    link = await startProxy(server.http!)
  })
  afterAll(async () => {
    await link?.close()
  })
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())))

  const newChannel = (namespace = "chat") => `${namespace}:test-${++channels}`

  const connect = async (user: string, options: Partial<WeirClientOptions> = {}) => {
    const client = new WeirClient({
      url: `ws://${server.http}/v1/ws`,
      token: () => developmentToken(server.http!, user),
      backoff: { minMs: 20, maxMs: 200 },
      codec,
      webSocket,
      onState: (state) => {
        if (state === "connected") connects.set(client, (connects.get(client) ?? 0) + 1)
      },
      ...options
    })
    clients.push(client)
    client.connect()
    await client.ready()
    return client
  }

  const connectByLink = (user: string, options: Partial<WeirClientOptions> = {}) =>
    connect(user, { url: `ws://${link.address}/v1/ws`, ...options })

  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => "accepted",
      (error: WeirError) => error.code
    )

  it("knows who it is once it is connected", async () => {
    const client = await connect("ann")

    assert.strictEqual(client.state, "connected")
    assert.strictEqual(client.user, "ann")
    assert.isString(client.session)
    assert.isTrue(client.features.has("batch"))
    assert.isAbove(await client.ping(), 0)
    await client.close()
    assert.strictEqual(await codeOf(client.ping()), "aborted")
  })

  it("delivers what another client publishes, as it was published", async () => {
    const [ann, bob] = [await connect("ann"), await connect("bob")]
    const channel = newChannel()
    const { publications, has } = await listen(bob, channel)

    const { position } = await ann.publish(
      channel,
      { text: "hi", n: [1, null] },
      { messageId: "m-1" }
    )
    await ann.publish(channel, "one\ntwo", { contentType: "text/plain" })
    await ann.publish(channel, new Uint8Array([0, 255]), { contentType: "image/png" })
    await has(3)

    const [json, text, bytes] = publications
    assert.deepInclude(json, { channel, publisher: "ann", messageId: "m-1", position })
    assert.deepStrictEqual(json?.data, { text: "hi", n: [1, null] })
    assert.deepInclude(text, { data: "one\ntwo", contentType: "text/plain" })
    assert.deepInclude(bytes, { data: new Uint8Array([0, 255]), contentType: "image/png" })
  })

  it("accepts one message id once, and answers with the first position", async () => {
    const client = await connect("ann")
    const channel = newChannel()

    const first = await client.publish(channel, 1, { messageId: "m-1" })
    const again = await client.publish(channel, 1, { messageId: "m-1" })

    assert.isFalse(first.duplicate)
    assert.deepStrictEqual(again, { position: first.position, duplicate: true })
  })

  it("begins with the last publications when asked to rewind", async () => {
    const client = await connect("ann")
    const channel = newChannel()
    for (const n of range(5)) await client.publish(channel, n)

    const { data, has } = await listen(client, channel, { rewind: { last: 3 } })
    await has(3)

    assert.deepStrictEqual(data(), [2, 3, 4])
  })

  it("goes on after a position that an earlier client kept", async () => {
    const client = await connect("ann")
    const channel = newChannel()
    const { position } = await client.publish(channel, "seen")
    await client.publish(channel, "missed")

    const { data, first, has } = await listen(client, channel, { since: position })
    await has(1)

    assert.isTrue(first.recovered)
    assert.deepStrictEqual(data(), ["missed"])
  })

  it("misses nothing and sees nothing twice while its link is cut again and again", async () => {
    const [ann, bob] = [await connect("ann"), await connectByLink("bob")]
    const channel = newChannel()
    const { data, gaps, has } = await listen(bob, channel)

    for (const n of range(120)) {
      await ann.publish(channel, n)
      if (n % 25 === 20) link.cut()
    }
    await has(120)

    assert.deepStrictEqual(data(), range(120))
    assert.deepStrictEqual(gaps, [])
  })

  it("publishes each message once and in order over cuts of its own link", async () => {
    const [ann, bob] = [await connectByLink("ann"), await connect("bob")]
    const channel = newChannel()
    const { data, has } = await listen(bob, channel)

    const results: Array<Promise<unknown>> = []
    for (const n of range(60)) {
      results.push(ann.publish(channel, n))
      if (n % 20 === 15) {
        // Some are answered then, and some are on their way.
        await results[n - 12]
        link.cut()
      }
    }
    await Promise.all(results)
    await has(60)

    assert.deepStrictEqual(data(), range(60))
  })

  it("leaves out its own publications where it is told to, over cuts, and takes nothing for a gap", async () => {
    const [ann, bob] = [await connectByLink("ann"), await connect("bob")]
    const channel = newChannel()
    const { data, gaps, has, subscription } = await listen(ann, channel)
    const others = await listen(bob, channel)

    const results: Array<Promise<{ readonly position: Position }>> = []
    for (const n of range(60)) {
      const publisher = n % 3 === 0 ? bob : ann
      results.push(publisher.publish(channel, n, { excludeSelf: publisher === ann }))
      if (n % 20 !== 15) continue
      await results[n - 12]
      link.cut()
    }
    const positions = (await Promise.all(results)).map(({ position }) => position)
    await others.has(60)
    await has(20)

    assert.deepStrictEqual(
      data(),
      range(20).map((n) => 3 * n)
    )
    assert.deepStrictEqual(gaps, [])
    const last = Math.max(...positions.map(({ offset }) => offset))
    await waitUntil("it has passed its own", () => subscription.position?.offset === last)
  })

  describe("with subscriptions in its token", () => {
    const tokenWith = async (...subscriptions: ReadonlyArray<string>) => {
      const body = JSON.stringify({ user: "ann", subscriptions })
      const answer = await fetch(`http://${server.http}/dev/token`, { method: "POST", body })
      return ((await answer.json()) as { token: string }).token
    }

    it("joins them where it is told of them, and resumes them as any other", async () => {
      const [unlogged, logged, bob] = [newChannel("live"), newChannel(), await connect("bob")]
      const token = await tokenWith(unlogged, logged)
      const received: Array<unknown> = []
      const given: Array<string> = []
      const ann: WeirClient = new WeirClient({
        url: `ws://${link.address}/v1/ws`,
        token,
        backoff: { minMs: 20, maxMs: 200 },
        codec,
        webSocket,
        onServerSubscription: (it) => {
          given.push(it)
          ann.subscribe(it, { onPublication: ({ data }) => received.push(data) })
        }
      })
      clients.push(ann)
      ann.connect()
      await ann.ready()
      await bob.publish(unlogged, 1)
      await waitUntil("the first is there", () => received.length === 1)
      link.cut()
      await bob.publish(logged, 2)
      await waitUntil("the second is there", () => received.length === 2)

      assert.deepStrictEqual(received, [1, 2])
      assert.deepStrictEqual(given, [unlogged, logged])
    })

    it("loses nothing of them until it asks, and may leave them", async () => {
      const [channel, bob] = [newChannel(), await connect("bob")]
      const ann = await connect("ann", { token: await tokenWith(channel) })
      await bob.publish(channel, "before it asks")

      const { data, first, has, subscription } = await listen(ann, channel)
      await has(1)
      await bob.publish(channel, "after")
      await has(2)
      assert.isTrue(first.recovered)
      assert.deepStrictEqual(data(), ["before it asks", "after"])

      subscription.unsubscribe()
      await bob.publish(channel, "when it has left")
      const again = await listen(ann, channel)
      await bob.publish(channel, "when it is back")
      await again.has(1)
      assert.deepStrictEqual(again.data(), ["when it is back"])
    })
  })

  it("resumes as many channels as fit into one connect", async () => {
    const [ann, bob] = [await connect("ann"), await connectByLink("bob")]
    const names = range(128).map(() => newChannel())
    const listeners = await Promise.all(names.map((name) => listen(bob, name)))

    link.cut()
    const published = names.slice(0, 20)
    await Promise.all(published.map((name) => ann.publish(name, name)))
    await Promise.all(listeners.slice(0, 20).map(({ has }) => has(1)))

    assert.deepStrictEqual(
      listeners.flatMap(({ data }) => data()),
      published
    )
    assert.isTrue(listeners.every(({ gaps }) => gaps.length === 0))
  })

  it("returns with its ticket, without another token", async () => {
    let tokens = 0
    const token = () => {
      tokens++
      return developmentToken(server.http!, "ann")
    }
    const client = await connectByLink("ann", { token })

    // Longer than a reader needs to go on where it was.
    link.refuse(true)
    link.cut()
    await waitUntil("it is gone", () => client.state !== "connected")
    link.refuse(false)
    await waitUntil("it is back", () => connects.get(client) === 2)

    assert.strictEqual(tokens, 1)
    assert.strictEqual(client.user, "ann")
  })

  it("reads a channel's history page by page", async () => {
    const client = await connect("ann")
    const channel = newChannel()
    for (const n of range(5)) await client.publish(channel, n)

    const first = await client.history(channel, { limit: 3 })
    const second = await client.history(channel, { limit: 3, after: first.next })
    const newest = await client.history(channel, { limit: 1, reverse: true })

    const dataOf = ({ publications }: typeof first) => publications.map(({ data }) => data)
    assert.deepStrictEqual(
      [dataOf(first), dataOf(second)],
      [
        [0, 1, 2],
        [3, 4]
      ]
    )
    assert.deepStrictEqual(dataOf(newest), [4])
    assert.strictEqual(second.next, 0)
  })

  it("sees members come, with their data, and go", async () => {
    const [ann, bob] = [await connect("ann"), await connect("bob")]
    const channel = newChannel()
    const seen: Array<string> = []
    const watcher = ann.subscribe(
      channel,
      {
        onPublication: () => {},
        onPresence: ({ joined, left }) => {
          for (const { user, data } of joined) seen.push(`+${user} ${JSON.stringify(data)}`)
          for (const { user } of left) seen.push(`-${user}`)
        }
      },
      { presence: true }
    )
    await watcher.subscribed()

    const { subscription } = await listen(bob, channel, { member: { colour: "teal" } })
    await waitUntil("bob has come", () => seen.includes(`+bob {"colour":"teal"}`))
    const roster = await ann.presence(channel)
    const counts = await ann.presence(channel, { counts: true })
    subscription.unsubscribe()
    await waitUntil("bob has gone", () => seen.includes("-bob"))

    assert.deepStrictEqual(
      roster.members.map(({ user, data }) => ({ user, data })),
      [{ user: "bob", data: { colour: "teal" } }]
    )
    assert.deepInclude(counts, { memberCount: 1, userCount: 1, members: [] })
  })

  it("finds itself in the roster, or is told of its own coming, however soon it reads", async () => {
    const client = await connect("ann")
    // As many as may be subscribed and asked for at once.
    const names = range(25).map(() => newChannel())
    const seen = new Set<string>()

    for (const name of names) {
      client.subscribe(
        name,
        {
          onPublication: () => {},
          onPresence: ({ joined }) => joined.length > 0 && seen.add(name),
          onSubscribed: async () => {
            const { members } = await client.presence(name)
            if (members.length > 0) seen.add(name)
          }
        },
        { member: null, presence: true }
      )
    }

    await waitUntil("it has seen itself everywhere", () => seen.size === names.length)
  })

  it("gives a channel that is left and subscribed again to the new subscription only", async () => {
    const client = await connect("ann")
    const channel = newChannel()
    const old = await listen(client, channel)

    old.subscription.unsubscribe()
    const next = await listen(client, channel)
    await client.publish(channel, "hi")
    await next.has(1)

    assert.deepStrictEqual(next.data(), ["hi"])
    assert.deepStrictEqual(old.data(), [])
  })

  it("tells a subscription that its namespace is unknown, and ends it", async () => {
    const client = await connect("ann")
    const errors: Array<string> = []
    const subscription = client.subscribe("nowhere:a", {
      onPublication: () => {},
      onError: ({ code }) => errors.push(code)
    })

    const code = await codeOf(subscription.subscribed())

    assert.deepStrictEqual([code, ...errors], ["unknown_namespace", "unknown_namespace"])
  })

  it.each([
    ["for a frame", 66_000],
    ["for the WebSocket", 300_000]
  ])("rejects a publish that is too large %s, and keeps those behind it", async (_for, size) => {
    const client = await connect("ann")
    const channel = newChannel()

    const codes = await Promise.all(
      ["a", "x".repeat(size), "b"].map((data) => codeOf(client.publish(channel, data)))
    )

    assert.deepStrictEqual(codes, ["accepted", "payload_too_large", "accepted"])
  })

  it("closes for good when its token is no token", async () => {
    const client = new WeirClient({
      url: `ws://${server.http}/v1/ws`,
      token: "nonsense",
      codec
    })
    client.connect()

    const code = await codeOf(client.ready())

    assert.strictEqual(code, "unauthenticated")
    assert.strictEqual(client.state, "closed")
    assert.strictEqual(client.failure?.closeCode, 3500)
  })
})
