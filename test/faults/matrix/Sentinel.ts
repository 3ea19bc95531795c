/**
 * Failover by Sentinels: F11 and F12.
 */
import { waitUntil } from "../../harness/waitUntil.ts"
import { start as startProxy } from "../FaultProxy.ts"
import { ownerNow } from "../Placement.ts"
import type { Scenario, Stage } from "../Scenario.ts"
import { latestOnly, logged } from "../workload/Workload.ts"

const inRedis = [...logged, ...latestOnly]
const lagMs = 2_000
const backLimitMs = 12_000

/**
 * The replica falls behind, and becomes the primary as the old one dies. All within the
 * eight seconds after which Sentinels would set a replica right that follows a proxy.
 */
const failOver = async (stage: Stage, withOwner: boolean) => {
  const { deployment, random } = stage
  const { replica, server: primary } = {
    ...deployment.redis,
    replica: deployment.redis.sentinel!.replica
  }
  const link = await startProxy(`127.0.0.1:${primary.port}`)
  try {
    const [host, port] = link.address.split(":")
    await replica.cli("REPLICAOF", host!, port!)
    await waitUntil("the replica follows through the proxy", async () =>
      (await replica.cli("INFO", "replication")).includes("master_link_status:up")
    )
    stage.fault("lag", "replica")
    link.set({ dropToClient: true })
    await stage.sleep(lagMs)
    const owner = ownerNow(deployment, random.pick(logged))
    stage.fault("kill -9", withOwner ? `redis and ${owner}` : "redis", inRedis)
    await Promise.all([primary.kill("SIGKILL"), ...(withOwner ? [deployment.kill(owner)] : [])])
    await waitUntil("the Sentinels have promoted the replica", async () => {
      return (await deployment.redis.port()) === replica.port
    })
    stage.healed("lag", "replica")
    const isBack = await stage.writesBack(inRedis, backLimitMs)
    stage.expect(isBack, `writes were not back ${backLimitMs} ms after the failover`)
    if (withOwner) await deployment.start(owner)
    stage.healed("kill -9", withOwner ? owner : "redis")
    await stage.sleep(4_000)
  } finally {
    await link.close()
  }
}

export const replicaLags: Scenario = {
  name: "F11",
  fault: "Sentinels promote a replica 2 s behind; owners live",
  class: "A",
  backWithin: 12_000,
  deployment: { redis: { shape: "sentinel" } },
  run: (stage) => failOver(stage, false)
}

export const replicaLagsAndOwnerDies: Scenario = {
  name: "F11-lost-owner",
  fault: "Sentinels promote a replica 2 s behind, and an owner dies",
  class: "B",
  backWithin: 12_000,
  deployment: { redis: { shape: "sentinel" } },
  run: (stage) => failOver(stage, true)
}

/**
 * One router is told no Sentinel, and stays with the old primary while the Sentinels
 * promote the replica by command: until they turn the old primary into a replica, eight
 * seconds or more, both take writes.
 */
export const twoPrimaries: Scenario = {
  name: "F12",
  fault: "two primaries for some seconds, one router stays with the old one",
  class: "B",
  deployment: {
    redis: { shape: "sentinel" },
    redisUrlOf: (name, redis) => (name === "router-1" ? redis.server.url : redis.url)
  },
  run: async (stage) => {
    const { redis } = stage.deployment
    const sentinel = redis.sentinel!
    stage.fault("split", "redis")
    await sentinel.failover()
    const isReplica = async () => (await redis.server.cli("ROLE")).startsWith("slave")
    await waitUntil("the old primary is a replica", isReplica, 30_000)
    stage.healed("split", "redis")
    const isBack = await stage.writesBack(inRedis, backLimitMs)
    stage.expect(isBack, "writes never came back")
    await stage.sleep(4_000)
  }
}
