/**
 * Owners that stop for a while and know nothing of it: F4 and F5.
 */
import { channelsOf, ownerNow } from "../Placement.ts"
import type { Scenario, Stage } from "../Scenario.ts"
import { channels, logged } from "../workload/Workload.ts"

const pauseMs = 15_000
const failoverLimitMs = 6_500

/** Appends that the script refused because another router owns the shard by now. */
const fencedAppends = async ({ deployment }: Stage, name: string): Promise<number> =>
  (await deployment.metric(name, 'weir_router_append_total{result="fenced"}')) ?? 0

const timesEvicted = ({ deployment }: Stage, name: string): number =>
  (deployment.logs().get(name) ?? "").split("this node was evicted").length - 1

export const ownerPauses: Scenario = {
  name: "F4",
  fault: "SIGSTOP of an owner for 15 s, then CONT",
  class: "A",
  backWithin: 6_500,
  rounds: 2,
  run: async (stage) => {
    const { deployment, random } = stage
    for (let round = 0; round < stage.rounds; round++) {
      const owner = ownerNow(deployment, random.pick(logged))
      const hit = channelsOf(deployment, owner, channels)
      stage.fault("SIGSTOP", owner, hit)
      deployment.pause(owner)
      const isBack = await stage.writesBack(hit, failoverLimitMs)
      stage.expect(isBack, `writes were not back ${failoverLimitMs} ms after ${owner} stopped`)
      await stage.sleep(pauseMs - failoverLimitMs)
      const evictions = timesEvicted(stage, owner)
      deployment.resume(owner)
      stage.healed("SIGSTOP", owner)
      await stage.sleep(5_000)
      stage.expect(timesEvicted(stage, owner) > evictions, `${owner} woke up and saw no eviction`)
    }
    const fenced = await Promise.all(
      deployment.running("router").map((name) => fencedAppends(stage, name))
    )
    stage.note(`${fenced.reduce((sum, it) => sum + it, 0)} appends fenced`)
  }
}

export const appendIsLate: Scenario = {
  name: "F5",
  fault: "an owner's appends reach Redis after others took over",
  class: "A",
  backWithin: 6_500,
  rounds: 2,
  deployment: { redisProxies: ["router"] },
  run: async (stage) => {
    const { deployment, random } = stage
    let fenced = 0
    for (let round = 0; round < stage.rounds; round++) {
      const owner = ownerNow(deployment, random.pick(logged))
      const hit = channelsOf(deployment, owner, channels)
      const proxy = deployment.redisProxy(owner)
      // What leaves now arrives in ten seconds, if its connection is still there.
      stage.fault("late to Redis", owner, hit)
      proxy.set({ delayMs: 10_000 })
      await stage.sleep(300)
      deployment.pause(owner)
      await stage.writesBack(hit, failoverLimitMs)
      proxy.heal()
      await stage.sleep(1_000)
      deployment.resume(owner)
      stage.healed("late to Redis", owner)
      await stage.sleep(4_000)
      fenced += await fencedAppends(stage, owner)
    }
    stage.note(`${fenced} appends fenced`)
  }
}
