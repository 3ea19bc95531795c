/**
 * Redis that dies, forgets and refuses: F9, F10, F13 and F21.
 */
import { copyFile } from "node:fs/promises"
import { join } from "node:path"
import { channelKeys } from "@weir/router/adapters/ShardKeys"
import { waitUntil } from "../../harness/waitUntil.ts"
import { ownerNow } from "../Placement.ts"
import type { Scenario, Stage } from "../Scenario.ts"
import { channels, latestOnly, logged } from "../workload/Workload.ts"

const downMs = 1_500
const calmMs = 4_000
const inRedis = [...logged, ...latestOnly]

const killRedis = async (stage: Stage) => {
  const { server } = stage.deployment.redis
  for (let round = 0; round < stage.rounds; round++) {
    stage.fault("kill -9", "redis", inRedis)
    await server.kill("SIGKILL")
    await stage.sleep(downMs)
    await server.restart()
    stage.healed("kill -9", "redis")
    const isBack = await stage.writesBack(inRedis)
    stage.expect(isBack, "writes never came back after Redis did")
    await stage.sleep(calmMs)
  }
}

export const redisDies: Scenario = {
  name: "F9",
  fault: "kill -9 of Redis that syncs each write",
  class: "A",
  rounds: 3,
  deployment: { redis: { shape: "single", persistence: "always" } },
  run: async (stage) => {
    await killRedis(stage)
    const count = stage.workload.disconnected()
    stage.expect(count === 0, `${count} clients were disconnected`)
  }
}

export const redisSyncsLater: Scenario = {
  name: "F10-everysec",
  fault: "kill -9 of Redis that syncs each second",
  class: "B",
  rounds: 2,
  deployment: { redis: { shape: "single", persistence: "everysec" } },
  run: killRedis
}

export const redisForgets: Scenario = {
  name: "F10-empty",
  fault: "kill -9 of Redis that keeps nothing",
  class: "B",
  rounds: 2,
  deployment: { redis: { shape: "single", persistence: "none" } },
  run: killRedis
}

/** Redis comes back as it was some seconds ago; meanwhile something may happen to others. */
const loseTail = async (stage: Stage, meanwhile: () => Promise<() => Promise<void>>) => {
  const { redis } = stage.deployment
  const { server } = redis
  const dump = join(server.directory, "dump.rdb")
  const kept = join(server.directory, "older.rdb")
  for (let round = 0; round < stage.rounds; round++) {
    await server.cli("SAVE")
    await copyFile(dump, kept)
    await stage.sleep(3_000)
    stage.fault("older state", "redis", inRedis)
    const [after] = await Promise.all([meanwhile(), server.kill("SIGKILL")])
    await copyFile(kept, dump)
    await stage.sleep(500)
    await server.restart()
    await after()
    stage.healed("older state", "redis")
    const isBack = await stage.writesBack(inRedis)
    stage.expect(isBack, "writes never came back after Redis did")
    await stage.sleep(calmMs)
  }
}

/** Every owner lives and remembers: nothing may be lost, so nobody is told of a loss. */
export const tailIsLost: Scenario = {
  name: "F10-lost-tail",
  fault: "Redis comes back 3 s older; owners live",
  class: "A",
  rounds: 2,
  deployment: { redis: { shape: "single", persistence: "snapshot" } },
  run: (stage) => loseTail(stage, async () => async () => {})
}

export const tailAndOwnerAreLost: Scenario = {
  name: "F10-lost-owner",
  fault: "Redis comes back 3 s older, and an owner dies with it",
  class: "B",
  rounds: 2,
  deployment: { redis: { shape: "single", persistence: "snapshot" } },
  run: (stage) =>
    loseTail(stage, async () => {
      const { deployment, random } = stage
      const owner = ownerNow(deployment, random.pick(logged))
      stage.fault("kill -9", owner)
      await deployment.kill(owner)
      return async () => {
        await stage.sleep(3_000)
        await deployment.start(owner)
        stage.healed("kill -9", owner)
      }
    })
}

export const redisIsFlushed: Scenario = {
  name: "F13",
  fault: "FLUSHALL",
  class: "B",
  rounds: 2,
  run: async (stage) => {
    for (let round = 0; round < stage.rounds; round++) {
      stage.fault("FLUSHALL", "redis", channels)
      await stage.deployment.redis.cli("FLUSHALL")
      const isBack = await stage.writesBack(inRedis)
      stage.expect(isBack, "writes never came back")
      await stage.sleep(calmMs)
    }
  }
}

export const metaIsEvicted: Scenario = {
  name: "F13-meta",
  fault: "DEL of channels' meta keys alone",
  class: "B",
  rounds: 4,
  run: async (stage) => {
    for (let round = 0; round < stage.rounds; round++) {
      const channel = stage.random.pick(logged)
      stage.fault("DEL meta", channel, [channel])
      await stage.deployment.redis.cli("DEL", channelKeys(channel)[1]!)
      const isBack = await stage.writesBack([channel])
      stage.expect(isBack, `writes to ${channel} never came back`)
      await stage.sleep(2_000)
    }
  }
}

export const memoryIsFull: Scenario = {
  name: "F21-memory",
  fault: "Redis is out of memory for 5 s",
  class: "A",
  run: async (stage) => {
    const { redis } = stage.deployment
    stage.fault("maxmemory 1", "redis", inRedis)
    await redis.cli("CONFIG", "SET", "maxmemory", "1")
    await stage.sleep(5_000)
    await redis.cli("CONFIG", "SET", "maxmemory", "0")
    stage.healed("maxmemory 1", "redis")
    const isBack = await stage.writesBack(inRedis)
    stage.expect(isBack, "writes never came back")
  }
}

export const diskFails: Scenario = {
  name: "F21-disk",
  fault: "Redis cannot save and refuses writes for 5 s",
  class: "A",
  deployment: {
    redis: {
      shape: "single",
      persistence: "snapshot",
      extra: ["--enable-protected-configs", "yes"]
    }
  },
  run: async (stage) => {
    const { redis } = stage.deployment
    const savedAs = (status: string) =>
      waitUntil(`the last save is ${status}`, async () =>
        (await redis.cli("INFO", "persistence")).includes(`rdb_last_bgsave_status:${status}`)
      )
    stage.fault("MISCONF", "redis", inRedis)
    await redis.cli("CONFIG", "SET", "dir", "/proc")
    await redis.cli("BGSAVE")
    await savedAs("err")
    await stage.sleep(5_000)
    await redis.cli("CONFIG", "SET", "dir", redis.server.directory)
    await redis.cli("BGSAVE")
    await savedAs("ok")
    stage.healed("MISCONF", "redis")
    const isBack = await stage.writesBack(inRedis)
    stage.expect(isBack, "writes never came back")
  }
}
