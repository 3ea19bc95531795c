/**
 * Networks that fail in part: F6 to F8 and F20.
 */
import type { FaultProxy } from "../FaultProxy.ts"
import { channelsOf, ownerNow } from "../Placement.ts"
import type { Scenario, Stage } from "../Scenario.ts"
import { channels, logged } from "../workload/Workload.ts"

const cutMs = 10_000
const backLimitMs = 6_500

const busiestOwner = ({ deployment, random }: Stage) => {
  const owner = ownerNow(deployment, random.pick(logged))
  return { owner, hit: channelsOf(deployment, owner, channels) }
}

/** Now and then it hangs, now and then it is refused. */
const cutOff = (proxy: FaultProxy, round: number) => {
  if (round % 2 === 0) return proxy.set({ dropToClient: true, dropToServer: true })
  proxy.refuse(true)
  proxy.cut()
}

/** What was swallowed has broken the connections of before; new ones are whole. */
const mend = (proxy: FaultProxy) => {
  proxy.heal()
  proxy.cut()
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
      cutOff(proxy, round)
      const isBack = await stage.writesBack(
        hit.filter((it) => !it.startsWith("live:")),
        backLimitMs
      )
      stage.expect(isBack, `writes were not back ${backLimitMs} ms after ${owner} lost Redis`)
      await stage.sleep(cutMs - backLimitMs)
      mend(proxy)
      stage.healed("cut from Redis", owner)
      await stage.sleep(5_000)
    }
  }
}

/** Between one router and its peers, in each round. */
const betweenPeers =
  (name: string, doHarm: (proxy: FaultProxy, round: number) => void): Scenario["run"] =>
  async (stage) => {
    for (let round = 0; round < stage.rounds; round++) {
      const { hit, owner } = busiestOwner(stage)
      const proxy = stage.deployment.meshProxy(owner)
      stage.fault(name, owner, hit)
      doHarm(proxy, round)
      await stage.sleep(cutMs)
      mend(proxy)
      stage.healed(name, owner)
      await stage.sleep(6_000)
    }
  }

export const peersAreCut: Scenario = {
  name: "F7",
  fault: "one router cut from connectors and routers, not from Redis, for 10 s",
  class: "A",
  backWithin: 6_500,
  rounds: 2,
  deployment: { meshProxies: true },
  run: betweenPeers("cut from peers", cutOff)
}

export const halfOpen: Scenario = {
  name: "F8",
  fault: "half-open: peers reach a router, and hear nothing of it, for 10 s",
  class: "A",
  backWithin: 6_500,
  rounds: 2,
  deployment: { meshProxies: true },
  run: betweenPeers("half-open", (proxy, round) =>
    proxy.set(round % 2 === 0 ? { dropToClient: true } : { dropToServer: true })
  )
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
