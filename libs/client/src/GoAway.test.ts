/**
 * What a client does that is asked to leave, by a server that the test plays. Time is faked.
 */
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { fakeSockets } from "./FakeSocket.fixture.ts"
import { WeirClient } from "./WeirClient.ts"

const position = { epoch: "e", term: 1, offset: 41 }
const subscribed = { channel: "chat:a", position, recovered: false, next: 42, delivery: "all" }
const afterMs = { min: 1_000, max: 3_000 }

const start = async () => {
  const { WebSocket, opened } = fakeSockets()
  const states: Array<string> = []
  const client = new WeirClient({
    ...{ url: "ws://weir.test/v1/ws", token: "fresh", webSocket: WebSocket, random: () => 0.5 },
    onState: (state) => states.push(state)
  })
  const after = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms)
    return opened.at(-1)!
  }
  client.subscribe("chat:a", { onPublication: () => {} })
  client.connect()
  const first = await after(0)
  first.accepts({ subscriptions: [{ subscribed }] })
  states.length = 0
  return { client, opened, states, after, first }
}

describe("a client that is asked to go away", () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it("leaves by itself at a moment of the spread, and is back without having waited", async () => {
    const { after, first, opened, states } = await start()
    first.says("goaway", { code: 3001, closeInMs: 4_000, afterMs })

    await after(1_999)
    assert.isFalse(first.closedByClient)
    const second = await after(1)

    assert.isTrue(first.closedByClient)
    const { payload } = second.accepts({ subscriptions: [{ subscribed }] })
    assert.deepStrictEqual(payload.subscriptions, [{ channel: "chat:a", since: position }])
    assert.deepStrictEqual(states, ["connecting", "connected"])
    assert.lengthOf(opened, 2)
  })

  it("has not failed by that: its next waits are as short as ever", async () => {
    const { after, first, opened } = await start()
    first.says("goaway", { code: 3011, closeInMs: 4_000, afterMs })
    const second = await after(2_000)

    second.closes(1006)
    await after(249)
    assert.lengthOf(opened, 2)
    await after(1)

    assert.lengthOf(opened, 3)
  })

  it("comes back at that moment, too, when it is closed before", async () => {
    const { after, first, opened, states } = await start()
    first.says("goaway", { code: 3001, closeInMs: 500, afterMs })
    await after(500)
    first.closes(3001, "shutdown;after=100-3000")

    await after(1_499)
    assert.lengthOf(opened, 1)
    await after(1)

    assert.lengthOf(opened, 2)
    assert.deepStrictEqual(states, ["waiting", "connecting"])
  })

  it("does not come back once the program has closed it", async () => {
    const { after, client, first, opened } = await start()
    first.says("goaway", { code: 3001, closeInMs: 4_000, afterMs })
    void client.close()

    await after(10_000)

    assert.lengthOf(opened, 1)
    assert.strictEqual(client.state, "closed")
  })

  it("waits for the end of one that says it may not come back", async () => {
    const { after, client, first } = await start()
    first.says("goaway", { code: 3505, closeInMs: 4_000, afterMs })
    await after(3_999)
    assert.strictEqual(client.state, "connected")

    first.closes(3505, "revoked")

    assert.strictEqual(client.state, "closed")
  })
})
