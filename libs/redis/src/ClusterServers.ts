/**
 * ClusterServers: the primaries of a Redis Cluster, each with its connection.
 *
 * ioredis knows the slots and the nodes; commands go to a node directly, since
 * its own way through the cluster does not tell what was sent.
 */
import { Cluster, type Redis as Connection } from "ioredis"
import { answerLimitMs, connectionOptions, retryDelayMs } from "./ConnectionOptions.ts"
import { isOpen } from "./Line.ts"
import { formatAddress, type RedisTarget } from "./RedisUrl.ts"
import { type ServerEvents, type Servers, watch } from "./Servers.ts"

type ClusterTarget = Extract<RedisTarget, { readonly shape: "cluster" }>

const keyOf = ({ options }: Connection): string => `${options.host}:${options.port}`

/** How soon a node that was lost is tried again: ioredis itself asks for the slots only. */
const repairMs = 250

export const clusterServers = (
  target: ClusterTarget,
  name: string,
  events: ServerEvents
): Servers => {
  const nodes = new Map<string, Connection>()
  let primaryKeys: ReadonlySet<string> = new Set()

  const cluster = new Cluster(
    target.nodes.map((node) => ({ ...node })),
    {
      enableOfflineQueue: false,
      clusterRetryStrategy: retryDelayMs,
      slotsRefreshTimeout: answerLimitMs,
      slotsRefreshInterval: 5_000,
      redisOptions: connectionOptions(name, target.credentials)
    }
  )
  // Else it prints them; who is down is told by the nodes.
  cluster.on("error", () => {})

  cluster.on("+node", (node: Connection) => {
    nodes.set(keyOf(node), node)
    const { host = "", port = 0 } = node.options
    watch(node, formatAddress({ host, port }), events)
    // Else it connects with the first command, which would have to wait in a queue for that.
    node.connect().catch(() => {})
  })
  cluster.on("-node", (node: Connection) => {
    if (nodes.get(keyOf(node)) === node) nodes.delete(keyOf(node))
  })
  cluster.on("refresh", () => {
    const keys = new Set(cluster.slots.flatMap((owners) => owners?.[0] ?? []))
    const isSame = keys.size === primaryKeys.size && [...keys].every((key) => primaryKeys.has(key))
    const isFirst = primaryKeys.size === 0
    primaryKeys = keys
    if (!isSame && !isFirst) events.moved()
  })

  const refresh = () => new Promise<void>((resolve) => cluster.refreshSlotsCache(() => resolve()))
  const repair = setInterval(() => {
    if (cluster.status !== "ready") return
    for (const key of primaryKeys) if (!nodes.has(key)) return cluster.refreshSlotsCache()
  }, repairMs)

  const open = (key: string | undefined): Connection | undefined => {
    const node = key === undefined ? undefined : nodes.get(key)
    return node !== undefined && isOpen(node) ? node : undefined
  }

  return {
    ownerOf: (slot) => {
      if (slot !== undefined) return open(cluster.slots[slot]?.[0])
      for (const key of primaryKeys) {
        const node = open(key)
        if (node !== undefined) return node
      }
      return undefined
    },
    at: open,
    primaries: () => {
      const found = new Map<string, Connection>()
      for (const key of primaryKeys) {
        const node = nodes.get(key)
        if (node !== undefined) found.set(key, node)
      }
      return found
    },
    refresh,
    close: () => {
      clearInterval(repair)
      cluster.disconnect()
    }
  }
}
