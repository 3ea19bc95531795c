/**
 * RedisGroup: Redis on several servers: a Cluster, or a primary with its replica and Sentinels.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { freePort } from "./freePort.ts"
import { type RedisServer, startRedis } from "./RedisServer.ts"
import { waitUntil } from "./waitUntil.ts"

export interface RedisCluster {
  readonly url: string
  readonly nodes: ReadonlyArray<RedisServer>
  readonly stop: () => Promise<void>
}

const slots = 16_384

const stopAll = async (servers: ReadonlyArray<RedisServer>) => {
  await Promise.all(servers.map((server) => server.stop()))
}

/** Primaries without replicas, each with an equal range of the slots. */
export const startRedisCluster = async (masters = 3): Promise<RedisCluster> => {
  const extra = [
    ...["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"],
    ...["--cluster-config-file", "nodes.conf"]
  ]
  const nodes = await Promise.all(Array.from({ length: masters }, () => startRedis({ extra })))
  const first = nodes[0]!
  const bound = (index: number) => Math.floor((index * slots) / masters)
  await Promise.all(
    nodes.map(async (node, index) => {
      const range = [String(bound(index)), String(bound(index + 1) - 1)]
      await node.cli("CLUSTER", "ADDSLOTSRANGE", ...range)
      // Else two of them may start with the same epoch, and argue about it.
      await node.cli("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1))
    })
  )
  for (const node of nodes.slice(1)) {
    await first.cli("CLUSTER", "MEET", "127.0.0.1", String(node.port))
  }
  for (const node of nodes) {
    await waitUntil(`all of the cluster is known on ${node.port}`, async () => {
      const info = await node.cli("CLUSTER", "INFO")
      return (
        info.includes("cluster_state:ok") &&
        info.includes(`cluster_known_nodes:${masters}`) &&
        info.includes(`cluster_slots_ok:${slots}`)
      )
    })
  }
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join()}`,
    nodes,
    stop: () => stopAll(nodes)
  }
}

export interface RedisSentinel {
  readonly url: string
  /** As they were at first. */
  readonly primary: RedisServer
  readonly replica: RedisServer
  readonly sentinels: ReadonlyArray<RedisServer>
  /** The port of the primary, as the Sentinels see it. */
  readonly primaryPort: () => Promise<number>
  /** Has the Sentinels promote the other one, and waits until all of them say so. */
  readonly failover: () => Promise<void>
  readonly stop: () => Promise<void>
}

const primaryName = "weir"

const startOneSentinel = async (primary: RedisServer): Promise<RedisServer> => {
  const port = await freePort()
  // A Sentinel writes into its file, and takes no other for one.
  const file = join(primary.directory, `sentinel-${port}.conf`)
  writeFileSync(
    file,
    [
      `sentinel monitor ${primaryName} 127.0.0.1 ${primary.port} 2`,
      `sentinel down-after-milliseconds ${primaryName} 1000`,
      `sentinel failover-timeout ${primaryName} 3000`,
      ""
    ].join("\n")
  )
  return startRedis({ port, file, extra: ["--sentinel"] })
}

/** The replica that a primary has is known to all, and has all. */
export const startReplica = async (primary: RedisServer): Promise<RedisServer> => {
  const replica = await startRedis({ extra: ["--replicaof", "127.0.0.1", String(primary.port)] })
  await waitUntil("the replica follows", async () =>
    (await replica.cli("INFO", "replication")).includes("master_link_status:up")
  )
  return replica
}

export const startSentinel = async (): Promise<RedisSentinel> => {
  const primary = await startRedis()
  const replica = await startReplica(primary)
  const sentinels = await Promise.all([1, 2, 3].map(() => startOneSentinel(primary)))
  for (const sentinel of sentinels) {
    await waitUntil(`the Sentinel on ${sentinel.port} knows the others`, async () => {
      const state = await sentinel.cli("SENTINEL", "MASTER", primaryName)
      return /num-slaves\n1\n/.test(state) && /num-other-sentinels\n2\n/.test(state)
    })
  }
  const portBy = async (sentinel: RedisServer) => {
    const answer = await sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", primaryName)
    return Number(answer.split("\n")[1])
  }
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join()}/${primaryName}`,
    primary,
    replica,
    sentinels,
    primaryPort: () => portBy(sentinels[0]!),
    failover: async () => {
      const before = await portBy(sentinels[0]!)
      await waitUntil("a Sentinel begins the failover", async () =>
        (await sentinels[0]!.cli("SENTINEL", "FAILOVER", primaryName)).startsWith("OK")
      )
      for (const sentinel of sentinels) {
        await waitUntil("all Sentinels name the new primary", async () => {
          return (await portBy(sentinel)) !== before
        })
      }
    },
    stop: () => stopAll([...sentinels, replica, primary])
  }
}
