/**
 * SingleServer: one primary, by its address or by what the Sentinels say.
 */
import { Redis as Connection } from "ioredis"
import { answerLimitMs, connectionOptions, retryDelayMs } from "./ConnectionOptions.ts"
import { isOpen } from "./Line.ts"
import { QuietSentinels } from "./QuietSentinels.ts"
import { describeTarget, type RedisTarget } from "./RedisUrl.ts"
import { type ServerEvents, type Servers, watch } from "./Servers.ts"

type SingleTarget = Exclude<RedisTarget, { readonly shape: "cluster" }>

/** Before a connection that gave up begins again. */
const endedPauseMs = 100

const connect = (target: SingleTarget, name: string): Connection => {
  const common = {
    ...connectionOptions(name, target.credentials),
    enableOfflineQueue: false,
    retryStrategy: retryDelayMs
  }
  if (target.shape === "single")
    return new Connection({
      ...common,
      ...target.address,
      db: target.database,
      ...(target.tls ? { tls: {} } : {})
    })
  return new Connection({
    ...common,
    Connector: QuietSentinels,
    sentinels: [...target.sentinels],
    name: target.primaryName,
    sentinelRetryStrategy: retryDelayMs,
    sentinelReconnectStrategy: retryDelayMs,
    sentinelCommandTimeout: answerLimitMs,
    // Leaves the old primary on the Sentinels' word, before it refuses or hangs.
    failoverDetector: true
  })
}

export const singleServer = (target: SingleTarget, name: string, events: ServerEvents): Servers => {
  const connection = connect(target, name)
  watch(connection, describeTarget(target), events)
  let isClosed = false
  // Sentinels that tell of a failover while it asks them where to go end ioredis's attempt, and
  // it makes no other by itself.
  connection.on("end", () => {
    if (isClosed) return
    setTimeout(() => {
      if (!isClosed && connection.status === "end") connection.connect().catch(() => {})
    }, endedPauseMs)
  })
  const primaries = new Map([["primary", connection]])
  return {
    ownerOf: () => (isOpen(connection) ? connection : undefined),
    at: () => undefined,
    primaries: () => primaries,
    refresh: () => Promise.resolve(),
    close: () => {
      isClosed = true
      connection.disconnect()
    }
  }
}
