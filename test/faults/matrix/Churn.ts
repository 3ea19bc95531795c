/**
 * Churn: F15. Routers that come and go as planned.
 */
import { channelsOf } from "../Placement.ts"
import type { Scenario } from "../Scenario.ts"
import { channels } from "../workload/Workload.ts"

const everyMs = 10_000

export const ringChurns: Scenario = {
  name: "F15",
  fault: "a router joins or leaves every 10 s",
  class: "A",
  seconds: 60,
  run: async (stage) => {
    const { deployment, random } = stage
    const steps = Math.max(2, Math.floor((stage.seconds * 1000) / everyMs))
    for (let step = 0; step < steps; step++) {
      const begin = performance.now()
      if (step % 2 === 0) {
        const name = "router-4"
        stage.fault("joins", name)
        await deployment.start(name)
        stage.healed("joins", name)
      } else {
        // Whoever is there, so that also those leave that have been there from the start.
        const name = random.pick(deployment.running("router"))
        stage.fault("leaves", name, channelsOf(deployment, name, channels))
        await deployment.stop(name)
        stage.healed("leaves", name)
        if (name !== "router-4") {
          await deployment.start(name)
          await deployment.stop("router-4")
        }
      }
      await stage.sleep(Math.max(1_000, everyMs - (performance.now() - begin)))
    }
    const count = stage.workload.disconnected()
    stage.expect(count === 0, `${count} clients were disconnected`)
  }
}
