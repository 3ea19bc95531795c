/**
 * Processes that die: F1 to F3.
 */
import { channelsOf } from "../Placement.ts"
import type { Scenario, Stage } from "../Scenario.ts"
import { channels } from "../workload/Workload.ts"

const restartMs = 3_000
const calmMs = 2_000

const killInTurn = async (stage: Stage, role: "router" | "connector" | "auth" | "presence") => {
  const { deployment } = stage
  for (let round = 0; round < stage.rounds; round++) {
    for (const name of deployment.running(role)) {
      const hit = role === "router" ? channelsOf(deployment, name, channels) : []
      stage.fault("kill -9", name, hit)
      await deployment.kill(name)
      await stage.sleep(restartMs)
      await deployment.start(name)
      stage.healed("kill -9", name)
      await stage.sleep(calmMs)
    }
  }
}

export const routerDies: Scenario = {
  name: "F1",
  fault: "kill -9 of each router in turn",
  class: "A",
  backWithin: 5_000,
  rounds: 3,
  run: async (stage) => {
    await killInTurn(stage, "router")
    const count = stage.workload.disconnected()
    stage.expect(count === 0, `${count} clients were disconnected`)
  }
}

export const connectorDies: Scenario = {
  name: "F2",
  fault: "kill -9 of each connector in turn",
  class: "A",
  rounds: 2,
  run: (stage) => killInTurn(stage, "connector")
}

export const helperDies: Scenario = {
  name: "F3",
  fault: "kill -9 of auth and presence",
  class: "A",
  rounds: 1,
  run: async (stage) => {
    await killInTurn(stage, "auth")
    await killInTurn(stage, "presence")
    const count = stage.workload.disconnected()
    stage.expect(count === 0, `${count} clients were disconnected`)
  }
}
