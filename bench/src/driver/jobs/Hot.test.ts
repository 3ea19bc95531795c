import { assert, describe, it } from "@effect/vitest"
import { run } from "./Hot.ts"
import { alone, withPlainServer } from "./PlainServer.fixture.ts"

const hot = "live:hot"

describe("quiet channels", () => {
  it("are told from the hot one, which may lack something", () =>
    withPlainServer(
      ({ channel, number, payload }, clients) => {
        if (channel === hot && number === 10) return
        for (const client of clients) client.send(payload, { binary: false })
      },
      async (subscribing, publishing) => {
        const result = await run(
          {
            kind: "hot",
            ...{ subscribing, publishing, processes: [] },
            ...{ quiet: ["live:a", "live:b"], subscribersEach: 2, perSecond: 20 },
            hot: { channel: hot, perSecond: 200, dataBytes: 1_000 },
            ...{ warmupSeconds: 0.1, seconds: 0.4 }
          },
          alone
        )

        const { deliveries, hotOnes, hotPublished, latency, lost, misordered } = result
        assert.deepStrictEqual({ lost, misordered }, { lost: 0, misordered: 0 })
        assert.deepStrictEqual([deliveries, latency.count], [32, 32])
        assert.deepStrictEqual([hotPublished, hotOnes.received, hotOnes.unaccounted], [100, 198, 2])
      }
    ))
})
