import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { BurstsJob, BurstsResult } from "../driver/jobs/Bursts.ts"
import type { StormJob, StormResult } from "../driver/jobs/Storm.ts"
import type { System } from "../System.ts"
import { recoverySystem, redisSystem, system } from "./SocketIo.ts"

const bursts = (system: System, servers: number) =>
  Effect.gen(function* () {
    const running = yield* system.start(startOptions(servers, false))
    assert.lengthOf(running.servers, servers)
    assert.lengthOf(running.subscribing.addresses, servers)
    const job: BurstsJob = {
      kind: "bursts",
      subscribing: running.subscribing,
      publishing: running.publishing,
      ...{ subscribers: 6, channels: ["live:a", "live:b"], perBurst: 8 },
      ...{ seconds: 0.3, warmupSeconds: 0.1 },
      processes: running.servers
    }
    return yield* drive<BurstsResult>(job, { core: undefined })
  })

describe("Socket.IO, as it is measured", () => {
  it.live("delivers every publication to every subscriber of its room, in order", () =>
    Effect.gen(function* () {
      const { deliveries, lost, misordered, publications } = yield* bursts(system, 1)
      assert.isAbove(publications, 0)
      assert.deepStrictEqual(
        { deliveries, lost, misordered },
        { deliveries: publications * 3, lost: 0, misordered: 0 }
      )
    })
  )

  it.live("delivers through Redis to the subscribers of another server", () =>
    Effect.gen(function* () {
      const { deliveries, lost, misordered, publications } = yield* bursts(redisSystem, 2)
      assert.isAbove(publications, 0)
      assert.deepStrictEqual(
        { deliveries, lost, misordered },
        { deliveries: publications * 3, lost: 0, misordered: 0 }
      )
    })
  )

  it.live("gives those who come back what they have missed", () =>
    Effect.gen(function* () {
      const { publishing, servers, subscribing } = yield* recoverySystem.start(
        startOptions(1, true)
      )
      const job: StormJob = {
        kind: "storm",
        ...{ subscribing, publishing, connections: 20, channels: ["chat:a", "chat:b"] },
        ...{
          perSecond: 50,
          calmSeconds: 0.5,
          awaySeconds: 0.2,
          limitSeconds: 20,
          processes: servers
        },
        localAddresses: ["127.0.0.1"]
      }
      const { doubled, missed, notBack, unrecovered } = yield* drive<StormResult>(job, {
        core: undefined
      })
      const expected = { doubled: 0, missed: 0, notBack: 0, unrecovered: 0 }
      assert.deepStrictEqual({ doubled, missed, notBack, unrecovered }, expected)
    })
  )
})
