/**
 * How a client comes back, against a server that the test plays. Time is faked.
 */
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { fakeSockets } from "./FakeSocket.fixture.ts"
import { WeirClient, type WeirClientOptions } from "./WeirClient.ts"

const position = { epoch: "e", term: 1, offset: 41 }
const subscribed = { channel: "chat:a", position, recovered: false, next: 42, delivery: "all" }

const start = async (options: Partial<WeirClientOptions> = {}) => {
  const { WebSocket, opened } = fakeSockets()
  const states: Array<string> = []
  const client = new WeirClient({
    url: "http://weir.test/v1/ws",
    token: () => "fresh",
    webSocket: WebSocket,
    random: () => 0.5,
    onState: (state) => states.push(state),
    ...options
  })
  /** Lets time pass, then gives the newest socket. */
  const after = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms)
    return opened.at(-1)!
  }
  client.connect()
  return { client, opened, states, after, first: await after(0) }
}

describe("a client that is cut off", () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it("turns http into ws and sends one well-formed connect", async () => {
    const { first } = await start({ name: "test/1" })

    const connect = first.opens()

    assert.strictEqual(first.url, "ws://weir.test/v1/ws")
    assert.deepStrictEqual(connect, {
      type: "connect",
      id: 1,
      payload: { token: "fresh", versions: ["1"], client: "test/1", batch: true, subscriptions: [] }
    })
  })

  it("doubles the spread of its waits while no connection lasts", async () => {
    const { opened, after } = await start()
    const counts: Array<number> = []

    for (const waitMs of [250, 500, 1_000]) {
      opened.at(-1)!.closes(1006)
      await after(waitMs - 1)
      counts.push(opened.length)
      await after(1)
    }

    assert.deepStrictEqual(counts, [1, 2, 3])
    assert.lengthOf(opened, 4)
  })

  it("begins with short waits again after a connection that lasted 10 s", async () => {
    const { opened, after, first } = await start()
    first.closes(1006)
    const second = await after(250)
    second.accepts()
    await after(10_000)

    second.closes(1006)
    await after(250)

    assert.lengthOf(opened, 3)
  })

  it("waits longer and longer for a server that takes it and at once lets it go", async () => {
    const { opened, after } = await start()

    for (const waitMs of [250, 500, 1_000]) {
      opened.at(-1)!.accepts()
      await after(9_999)
      opened.at(-1)!.closes(1006)
      await after(waitMs - 1)
      const before = opened.length
      await after(1)
      assert.lengthOf(opened, before + 1)
    }
  })

  it("returns with the ticket, and asks for no token", async () => {
    const token = vi.fn(() => "fresh")
    const { after, first } = await start({ token })
    first.accepts({ ticket: "t-1", expiresAt: 61_000 })
    first.closes(3001)

    const connect = (await after(250)).opens()

    assert.strictEqual(connect.payload.ticket, "t-1")
    assert.strictEqual(token.mock.calls.length, 1)
  })

  it("returns with a token when the ticket has run out", async () => {
    const { after, first } = await start()
    first.accepts({ ticket: "t-1", expiresAt: 61_000 })
    await after(30_000)
    first.says("ping", {})
    await after(31_000)
    first.closes(3001)

    const connect = (await after(250)).opens()

    assert.strictEqual(connect.payload.token, "fresh")
  })

  it("tries a token at once when the ticket is refused, and gives up when that is", async () => {
    const { client, after, first } = await start()
    first.accepts({ ticket: "t-1" })
    first.closes(3001)
    const second = await after(250)
    second.opens()

    second.closes(3500, "invalid_token")
    const third = await after(0)
    assert.strictEqual(third.opens().payload.token, "fresh")
    third.closes(3500, "invalid_token")

    assert.strictEqual(client.state, "closed")
    assert.deepInclude(client.failure, { code: "unauthenticated", closeCode: 3500 })
  })

  it("comes back within the spread that the close reason gives", async () => {
    const { opened, after, first } = await start()
    first.accepts()

    first.closes(3001, "shutdown;after=4000-6000")
    await after(4_999)
    assert.lengthOf(opened, 1)
    await after(1)

    assert.lengthOf(opened, 2)
  })

  it("remembers the spread of a goaway for the close that follows", async () => {
    const { opened, after, first } = await start()
    first.accepts()
    const afterMs = { min: 8_000, max: 10_000 }
    first.says("goaway", { code: 3001, closeInMs: 500, afterMs })

    first.closes(1006)
    await after(8_999)
    assert.lengthOf(opened, 1)
    await after(1)

    assert.lengthOf(opened, 2)
  })

  it("asks again on the same connection when the server puts it off, and not before", async () => {
    const { client, opened, after, first } = await start()
    const { id } = first.opens()
    const busy = { code: "too_many_requests", retryAfterMs: 20_000 }

    first.says("error", busy, id)
    await after(19_999)
    assert.lengthOf(first.frames, 1)
    await after(1)

    assert.deepInclude(first.sent("connect"), { id: 2, payload: first.frames[0]!.payload })
    first.says("connected", { session: "s-1", user: "ann", heartbeatMs: 25_000 }, 2)
    assert.strictEqual(client.state, "connected")
    assert.lengthOf(opened, 1)
  })

  it("leaves a server that puts it off again and again, and waits as long elsewhere", async () => {
    const { client, opened, after, first } = await start()
    first.opens()
    for (let id = 1; id <= 6; id++) {
      first.says("error", { code: "too_many_requests", retryAfterMs: 1_000 }, id)
      if (id < 6) await after(1_000)
    }

    assert.strictEqual(client.state, "waiting")
    assert.isTrue(first.closedByClient)
    await after(1_249)
    assert.lengthOf(opened, 1)
    await after(1)
    assert.lengthOf(opened, 2)
  })

  it("waits for what a refusal asks and for its backoff, when the whole server is away", async () => {
    const { opened, after, first } = await start()
    const { id } = first.opens()

    first.says("error", { code: "unavailable", retryAfterMs: 3_000 }, id)
    await after(3_249)
    assert.lengthOf(opened, 1)
    await after(1)

    assert.lengthOf(opened, 2)
  })

  it("takes a server for dead that is silent 8 s longer than its heartbeat", async () => {
    const { client, after, first } = await start()
    first.accepts()
    await after(25_000)
    first.says("ping", {})
    assert.strictEqual(first.sent("pong")?.type, "pong")

    await after(32_999)
    assert.strictEqual(client.state, "connected")
    await after(1)

    assert.strictEqual(client.state, "waiting")
    assert.isTrue(first.closedByClient)
  })

  it("resumes each subscription from where it was, inside connect", async () => {
    const { client, after, first } = await start()
    const seen: Array<unknown> = []
    const rewind = { last: 5 }
    client.subscribe("chat:a", { onPublication: ({ data }) => seen.push(data) }, { rewind })
    const connect = first.accepts({ subscriptions: [{ subscribed }] })
    const next = { ...position, offset: 42 }
    first.says("publication", { channel: "chat:a", position: next, data: "hi" })
    first.closes(1006)

    const again = (await after(250)).opens()

    assert.deepStrictEqual(connect.payload.subscriptions, [{ channel: "chat:a", rewind }])
    assert.deepStrictEqual(again.payload.subscriptions, [{ channel: "chat:a", since: next }])
    assert.deepStrictEqual(seen, ["hi"])
  })

  it("asks for the 129th subscription once it is connected", async () => {
    const { client, first } = await start()
    const channels = Array.from({ length: 129 }, (_, index) => `chat:${index}`)
    for (const channel of channels) client.subscribe(channel, { onPublication: () => {} })

    const results = channels.slice(0, 128).map((channel) => ({
      subscribed: { ...subscribed, channel }
    }))
    const connect = first.accepts({ subscriptions: results })

    assert.lengthOf(connect.payload.subscriptions, 128)
    assert.deepStrictEqual(first.sent("subscribe")?.payload, { channel: "chat:128" })
  })

  it("asks again for a channel that was refused for now, and ends one refused for good", async () => {
    const { client, after, first } = await start()
    const errors: Array<string> = []
    const handlers = {
      onPublication: () => {},
      onError: ({ code }: { readonly code: string }) => errors.push(code)
    }
    client.subscribe("chat:a", handlers)
    client.subscribe("chat:b", handlers)

    first.accepts({
      subscriptions: [
        { error: { code: "unavailable", retryAfterMs: 700 } },
        { error: { code: "permission_denied" } }
      ]
    })
    await after(700)

    assert.deepStrictEqual(first.sent("subscribe")?.payload, { channel: "chat:a" })
    assert.deepStrictEqual(errors, ["permission_denied"])
  })

  it("asks once for what a callback subscribes while the client connects", async () => {
    const { client, first } = await start()
    const onPublication = () => {}
    client.subscribe("chat:a", {
      onPublication,
      onSubscribed: () => client.subscribe("chat:b", { onPublication })
    })

    first.accepts({ subscriptions: [{ subscribed }] })

    assert.deepStrictEqual(
      first.frames.map(({ type }) => type),
      ["connect", "subscribe"]
    )
  })

  it("rejects the largest publish when a frame was too large to be read", async () => {
    const { client, after, first } = await start()
    first.accepts()
    const sizes = [10, 90_000, 80_000, 20]
    const codes = sizes.map((size) =>
      client.publish(`chat:${size}`, "x".repeat(size)).catch(({ code }) => code)
    )

    first.says("error", { code: "payload_too_large", message: "frame: 90047 bytes" })
    first.closes(1009)

    assert.strictEqual(await codes[1], "payload_too_large")
    assert.strictEqual(await codes[2], "payload_too_large")
    const second = await after(250)
    second.accepts()
    assert.deepStrictEqual(
      second.frames.slice(1).map(({ payload }) => payload.channel),
      ["chat:10", "chat:20"]
    )
    await client.close()
    await Promise.all(codes)
  })

  it("brings a new token when the old one is about to expire", async () => {
    const tokens = ["first", "second"]
    const { after, first } = await start({ token: () => tokens.shift()! })
    first.accepts()

    first.says("expiring", { expiresAt: 2_000 })
    await after(0)

    assert.deepStrictEqual(first.sent("refresh")?.payload, { token: "second" })
  })

  it("asks again on the next connection what the last one left unanswered", async () => {
    const { client, after, first } = await start()
    first.accepts()
    const counts = client.presence("chat:a", { counts: true })
    first.closes(1006)

    const second = await after(250)
    second.accepts()
    const question = second.sent("presence")!
    second.says("presence", { channel: "chat:a", memberCount: 3, userCount: 2 }, question.id)

    assert.strictEqual((await counts).memberCount, 3)
  })

  it("survives a callback that throws, and one that closes the client", async () => {
    const reported = vi.spyOn(console, "error").mockImplementation(() => {})
    const { client, first } = await start()
    client.subscribe("chat:a", {
      onPublication: () => {
        void client.close()
        throw new Error("the program's own")
      }
    })
    first.accepts({ subscriptions: [{ subscribed }] })

    first.says("publication", { channel: "chat:a", position: { ...position, offset: 42 } })
    first.says("publication", { channel: "chat:a", position: { ...position, offset: 43 } })

    assert.strictEqual(client.state, "closed")
    assert.strictEqual(reported.mock.calls.length, 1)
    reported.mockRestore()
  })

  it("rejects everything that is open when it is closed", async () => {
    const { client, states } = await start()
    const codes = [client.ready(), client.publish("chat:a", 1), client.history("chat:a")].map(
      (promise: Promise<unknown>) => promise.catch(({ code }) => code)
    )

    await client.close()

    assert.deepStrictEqual(await Promise.all(codes), ["aborted", "aborted", "aborted"])
    assert.deepStrictEqual(states, ["connecting", "closed"])
  })

  it("waits and tries again while the token endpoint is down", async () => {
    const token = vi.fn(() => Promise.reject(new Error("fetch failed")))
    const { client, after } = await start({ token })

    await after(250)

    assert.strictEqual(token.mock.calls.length, 2)
    assert.strictEqual(client.state, "waiting")
  })
})
