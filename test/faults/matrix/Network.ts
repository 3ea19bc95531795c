/**
 * Networks that fail in part: F6 to F8 and F20.
 */
import { channelsOf, ownerNow } from "../Placement.ts"
import type { Scenario, Stage } from "../Scenario.ts"
import { channels, logged } from "../workload/Workload.ts"

const cutMs = 10_000
const backLimitMs = 6_500

const busiestOwner = ({ deployment, random }: Stage) => {
  const owner = ownerNow(deployment, random.pick(logged))
  return { owner, hit: channelsOf(deployment, owner, channels) }
}

export const redisIsCut: Scenario = {
  name: "F6",
  fault: "one router cut from Redis for 10 s",
  class: "A",
  backWithin: 6_500,
  rounds: 2,
  deployment: { redisProxies: ["router"] },
  run: async (stage) => {
    for (let round = 0; round < stage.rounds; round++) {
      const { hit, owner } = busiestOwner(stage)
      const proxy = stage.deployment.redisProxy(owner)
      stage.fault("cut from Redis", owner, hit)
      // Now and then it hangs, now and then it is refused.
      if (round % 2 === 0) proxy.set({ dropToClient: true, dropToServer: true })
      else {
        proxy.refuse(true)
        proxy.cut()
      }
      const isBack = await stage.writesBack(
        hit.filter((it) => !it.startsWith("live:")),
        backLimitMs
      )
      stage.expect(isBack, `writes were not back ${backLimitMs} ms after ${owner} lost Redis`)
      await stage.sleep(cutMs - backLimitMs)
      proxy.heal()
      proxy.cut()
      stage.healed("cut from Redis", owner)
      await stage.sleep(5_000)
    }
  }
}

export const peersAreCut: Scenario = {
  name: "F7",
  fault: "one router cut from connectors and routers, not from Redis, for 10 s",
  class: "A",
  backWithin: 6_500,
  rounds: 2,
  deployment: { meshProxies: true },
  run: async (stage) => {
    for (let round = 0; round < stage.rounds; round++) {
      const { hit, owner } = busiestOwner(stage)
      const proxy = stage.deployment.meshProxy(owner)
      stage.fault("cut from peers", owner, hit)
      if (round % 2 === 0) proxy.set({ dropToClient: true, dropToServer: true })
      else {
        proxy.refuse(true)
        proxy.cut()
      }
      await stage.sleep(cutMs)
      proxy.heal()
      proxy.cut()
      stage.healed("cut from peers", owner)
      await stage.sleep(6_000)
    }
  }
}

export const halfOpen: Scenario = {
  name: "F8",
  fault: "half-open: peers reach a router, and hear nothing of it, for 10 s",
  class: "A",
  backWithin: 6_500,
  rounds: 2,
  deployment: { meshProxies: true },
  run: async (stage) => {
    for (let round = 0; round < stage.rounds; round++) {
      const { hit, owner } = busiestOwner(stage)
      const proxy = stage.deployment.meshProxy(owner)
      stage.fault("half-open", owner, hit)
      proxy.set(round % 2 === 0 ? { dropToClient: true } : { dropToServer: true })
      await stage.sleep(cutMs)
      proxy.heal()
      // What was swallowed has broken those connections; new ones are whole.
      proxy.cut()
      stage.healed("half-open", owner)
      await stage.sleep(6_000)
    }
  }
}

export const clientsAreFarAway: Scenario = {
  name: "F20",
  fault: "clients behind 200 ms ± 100 ms, then a narrow link, then one byte per segment",
  class: "A",
  seconds: 24,
  clientProxies: true,
  run: async (stage) => {
    const links = [
      ["latency", { delayMs: 200, jitterMs: 100 }],
      ["64 KiB/s", { bytesPerSecond: 65_536, delayMs: 50 }],
      ["slices of 1 byte", { sliceBytes: 1 }]
    ] as const
    for (const [name, faults] of links) {
      stage.fault(name, "client links")
      for (const proxy of stage.clientProxies) proxy.set(faults)
      await stage.sleep((stage.seconds * 1000) / links.length)
      stage.healed(name, "client links")
    }
    for (const proxy of stage.clientProxies) proxy.heal()
  }
}
