/**
 * FaultRedis: the Redis of a run, one server or a primary with a replica and Sentinels.
 */
import { type RedisSentinel, startSentinel } from "../harness/RedisGroup.ts"
import {
  cli,
  type RedisServer,
  type RedisServerOptions,
  startRedis
} from "../harness/RedisServer.ts"

export type RedisOptions =
  | ({ readonly shape: "single" } & Pick<RedisServerOptions, "persistence" | "extra">)
  | { readonly shape: "sentinel" }

export interface FaultRedis {
  readonly url: string
  /** The one server, or the primary as it was at first. */
  readonly server: RedisServer
  readonly sentinel: RedisSentinel | undefined
  /** Of the primary. */
  readonly port: () => Promise<number>
  readonly cli: (...args: ReadonlyArray<string>) => Promise<string>
  readonly stop: () => Promise<void>
}

export const startFaultRedis = async (options: RedisOptions): Promise<FaultRedis> => {
  const sentinel = options.shape === "sentinel" ? await startSentinel() : undefined
  const server = options.shape === "sentinel" ? sentinel!.primary : await startRedis(options)
  const port = () => sentinel?.primaryPort() ?? Promise.resolve(server.port)
  return {
    url: sentinel?.url ?? server.url,
    server,
    sentinel,
    port,
    cli: async (...args) => cli(await port(), args),
    stop: () => (sentinel ?? server).stop()
  }
}
