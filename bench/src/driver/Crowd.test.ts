import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { assert, describe, it, vi } from "@effect/vitest"
import { type WebSocket, WebSocketServer } from "ws"
import { type Crowd, makeCrowd } from "./Crowd.ts"
import { makePayloads } from "./Payload.ts"

interface Played {
  readonly crowd: Crowd
  readonly send: (...numbers: ReadonlyArray<number>) => Promise<void>
  /** Answers so many handshakes with 503. */
  readonly refuse: (count: number) => void
}

const payloads = makePayloads(0, [1, 1, 1, 1])
const size = 3

const play = async (test: (played: Played) => Promise<void>) => {
  let refusals = 0
  const sockets = new Set<WebSocket>()
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    verifyClient: (_info, answer) => answer(refusals-- <= 0, 503)
  })
  await once(server, "listening")
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  const { port } = server.address() as AddressInfo
  const crowd = await makeCrowd({
    subscribing: { dialect: "plain", addresses: [`127.0.0.1:${port}`], token: "" },
    ...{ size, channels: ["live:a"], localAddresses: ["127.0.0.1"] }
  })
  const send = async (...numbers: ReadonlyArray<number>) => {
    const before = crowd.received()
    await vi.waitFor(() => assert.strictEqual(sockets.size, size))
    for (const socket of sockets) for (const it of numbers) socket.send(payloads[it]!)
    await vi.waitFor(() => assert.strictEqual(crowd.received(), before + size * numbers.length))
  }
  try {
    await crowd.open(5)
    const refuse = (count: number) => {
      refusals = count
    }
    await test({ crowd, send, refuse })
  } finally {
    crowd.close()
    server.close()
  }
}

describe("a crowd that is cut off", () => {
  it("is back at once, and each has missed what was sent meanwhile", () =>
    play(async ({ crowd, send }) => {
      await send(0)
      crowd.cut()
      crowd.comeBack()
      assert.strictEqual(await crowd.allBack(5), 0)
      await send(2)
      const { back, doubled, retried, skipped } = crowd.tally()
      assert.deepStrictEqual({ doubled, retried, skipped }, { doubled: 0, retried: 0, skipped: 3 })
      assert.strictEqual(back.count, size)
      assert.strictEqual(crowd.lacking([4]), size)
    }))

  it("tries again where it is refused", () =>
    play(async ({ crowd, refuse }) => {
      refuse(2)
      crowd.cut()
      crowd.comeBack()
      assert.strictEqual(await crowd.allBack(10), 0)
      const { reasons, retried } = crowd.tally()
      assert.deepStrictEqual({ reasons, retried }, { reasons: ["refused with 503"], retried: 2 })
    }))

  it("notices what it hears twice", () =>
    play(async ({ crowd, send }) => {
      await send(0, 1)
      crowd.cut()
      crowd.comeBack()
      await crowd.allBack(5)
      await send(1, 2)
      const { doubled, skipped } = crowd.tally()
      assert.deepStrictEqual({ doubled, skipped }, { doubled: size, skipped: 0 })
      assert.strictEqual(crowd.lacking([3]), 0)
    }))
})
