/**
 * Short: what `npm test` has time for.
 */
import { channelsOf, ownerNow } from "../Placement.ts"
import type { Scenario } from "../Scenario.ts"
import { channels, logged } from "../workload/Workload.ts"

const pauseMs = 4_000

/** One after the other: an owner dies, another one hangs, Redis dies. */
export const ownersAndRedis: Scenario = {
  name: "short",
  fault: "kill -9 of an owner, SIGSTOP of another, kill -9 of Redis that syncs each write",
  class: "A",
  deployment: { redis: { shape: "single", persistence: "always" } },
  run: async (stage) => {
    const { deployment, random } = stage
    const dies = ownerNow(deployment, random.pick(logged))
    stage.fault("kill -9", dies, channelsOf(deployment, dies, channels))
    await deployment.kill(dies)
    stage.expect(await stage.writesBack(channels), `writes were not back after ${dies} died`)

    const hangs = ownerNow(deployment, random.pick(logged))
    const hit = channelsOf(deployment, hangs, channels)
    await deployment.start(dies)
    stage.fault("SIGSTOP", hangs, hit)
    deployment.pause(hangs)
    await stage.sleep(pauseMs)
    stage.expect(await stage.writesBack(hit), `writes were not back while ${hangs} hung`)
    deployment.resume(hangs)

    const { server } = deployment.redis
    stage.fault("kill -9", "redis", logged)
    await server.kill("SIGKILL")
    await server.restart()
    stage.expect(await stage.writesBack(channels), "writes were not back after Redis was")
    const count = stage.workload.disconnected()
    stage.expect(count === 0, `${count} clients were disconnected`)
  }
}
