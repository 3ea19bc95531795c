import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { type WebSocket, WebSocketServer } from "ws"
import { ControlReader } from "../../servers/Control.ts"
import { run, type SlowJob, type SlowResult } from "./Slow.ts"

/** Sends each publication to all; `choose` may let one pass by a socket, or end it. */
const withServer = async (
  choose: (socket: WebSocket, place: number, number: number) => boolean,
  test: (result: SlowResult) => void,
  more: Partial<SlowJob> = {}
) => {
  const clients: Array<WebSocket> = []
  let number = 0
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" })
  sockets.on("connection", (socket) => {
    socket.on("error", () => {})
    clients.push(socket)
  })
  const control = createServer((socket) => {
    const reader = new ControlReader((_channel, payloads) => {
      for (const payload of payloads) {
        clients.forEach((client, place) => {
          if (choose(client, place, number)) client.send(payload, { binary: false })
        })
        number++
      }
    })
    socket.on("data", (chunk: Buffer) => reader.push(chunk))
    socket.on("error", () => {})
  })
  control.listen(0, "127.0.0.1")
  await Promise.all([once(sockets, "listening"), once(control, "listening")])
  const addressOf = (address: unknown) => `127.0.0.1:${(address as AddressInfo).port}`
  try {
    const result = await run(
      {
        kind: "slow",
        subscribing: { dialect: "plain", addresses: [addressOf(sockets.address())], token: "" },
        publishing: { kind: "control", address: addressOf(control.address()) },
        ...{ subscribers: 4, stopped: 1, slow: 0, keys: 0 },
        ...{ channel: "live:bench", perSecond: 100, dataBytes: 1_000 },
        ...{ warmupSeconds: 0.1, seconds: 0.4, servers: [], processes: [] },
        ...more
      },
      { emit: () => {}, nextLine: () => new Promise(() => {}) }
    )
    test(result)
  } finally {
    sockets.close()
    control.close()
  }
}

describe("subscribers of whom one stops reading", () => {
  it("hear everything, and so does it once it reads again", () =>
    withServer(
      () => true,
      ({ deliveries, latency, lost, misordered, publications, stoppedOnes }) => {
        assert.deepStrictEqual(
          { publications, lost, misordered },
          { publications: 40, lost: 0, misordered: 0 }
        )
        assert.deepStrictEqual([deliveries, latency.count], [120, 120])
        assert.deepStrictEqual(stoppedOnes, {
          ...{ count: 1, complete: 1, gaps: 0, closed: 0, silent: 0, reasons: [] },
          ...{ newest: 1, received: 50, told: 0, gapFrames: 0, unaccounted: 0, misordered: 0 }
        })
      }
    ))

  it("are seen to lack what passed them by, though nobody says so", () =>
    withServer(
      (_socket, _place, number) => number !== 30,
      ({ lost, stoppedOnes }) => {
        assert.strictEqual(lost, 3)
        assert.deepStrictEqual(stoppedOnes, {
          ...{ count: 1, complete: 0, gaps: 0, closed: 0, silent: 1, reasons: [] },
          ...{ newest: 1, received: 49, told: 0, gapFrames: 0, unaccounted: 1, misordered: 0 }
        })
      }
    ))

  it("hear everything also where some of them read slowly", () =>
    withServer(
      () => true,
      ({ deliveries, lost, slowOnes, stoppedOnes }) => {
        assert.deepStrictEqual([deliveries, lost, stoppedOnes.count], [80, 0, 0])
        assert.deepInclude(slowOnes, { count: 2, complete: 2, newest: 2, unaccounted: 0 })
      },
      { stopped: 0, slow: 2, keys: 2 }
    ))

  it("are seen to be sent away", () =>
    withServer(
      (socket, _place, number) => {
        if (number === 30) socket.close(3008, "slow_consumer")
        return number < 30
      },
      ({ closed, stoppedOnes }) => {
        assert.strictEqual(closed, 3)
        assert.strictEqual(stoppedOnes.closed, 1)
        assert.deepStrictEqual(stoppedOnes.reasons, ["closed with 3008 slow_consumer"])
      }
    ))
})
