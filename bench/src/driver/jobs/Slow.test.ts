import { assert, describe, it } from "@effect/vitest"
import type { WebSocket } from "ws"
import { alone, withPlainServer } from "./PlainServer.fixture.ts"
import { run, type SlowJob, type SlowResult } from "./Slow.ts"

/** Sends each publication to all; `choose` may let one pass by a socket, or end it. */
const withServer = (
  choose: (socket: WebSocket, number: number) => boolean,
  test: (result: SlowResult) => void,
  more: Partial<SlowJob> = {}
) =>
  withPlainServer(
    ({ number, payload }, clients) => {
      for (const client of clients) {
        if (choose(client, number)) client.send(payload, { binary: false })
      }
    },
    async (subscribing, publishing) => {
      const result = await run(
        {
          kind: "slow",
          ...{ subscribing, publishing, servers: [], processes: [] },
          ...{ subscribers: 4, stopped: 1, slow: 0, keys: 0 },
          ...{ channel: "live:bench", perSecond: 100, dataBytes: 1_000 },
          ...{ warmupSeconds: 0.1, seconds: 0.4 },
          ...more
        },
        alone
      )
      test(result)
    }
  )

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
          ...{ count: 1, complete: 1, gaps: 0, closed: 0, silent: 0, reasons: {} },
          ...{ newest: 1, received: 50, told: 0, gapFrames: 0, unaccounted: 0, misordered: 0 }
        })
      }
    ))

  it("are seen to lack what passed them by, though nobody says so", () =>
    withServer(
      (_socket, number) => number !== 30,
      ({ lost, stoppedOnes }) => {
        assert.strictEqual(lost, 3)
        assert.deepStrictEqual(stoppedOnes, {
          ...{ count: 1, complete: 0, gaps: 0, closed: 0, silent: 1, reasons: {} },
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
      (socket, number) => {
        if (number === 30) socket.close(3008, "slow_consumer")
        return number < 30
      },
      ({ closed, stoppedOnes }) => {
        assert.strictEqual(closed, 3)
        assert.strictEqual(stoppedOnes.closed, 1)
        assert.deepStrictEqual(stoppedOnes.reasons, { "closed with 3008 slow_consumer": 1 })
      }
    ))
})
