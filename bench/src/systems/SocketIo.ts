/**
 * SocketIo: Socket.IO, one server that publishes by itself, or several with its Redis
 * adapter, the first of which publishes. How it is set up stands in
 * `servers/socketIo.ts`.
 */
import { Effect, type Scope } from "effect"
import { has } from "../Machine.ts"
import type { BenchFailure, Running, StartOptions, System } from "../System.ts"
import { nodeServer, startOwn } from "./OwnServer.ts"
import { startRedis } from "./RedisServer.ts"

const server = nodeServer("socketIo", "socket.io")

export const system: System = {
  name: "socket.io",
  missing: () => undefined,
  start: (options) => startOwn({ ...server, name: "socket.io" }, options)
}

/** With connection state recovery: whoever comes back is given what it has missed. */
export const recoverySystem: System = {
  name: "socket.io",
  missing: () => undefined,
  start: (options) =>
    startOwn({ ...server, name: "socket.io", env: { SOCKET_IO_RECOVERY: "1" } }, options)
}

const startWithRedis = Effect.fnUntraced(function* (
  options: StartOptions
): Effect.fn.Return<Running, BenchFailure, Scope.Scope> {
  const redis = yield* startRedis(options.otherCore)
  const env = { SOCKET_IO_REDIS: redis.url }
  const numbers = Array.from({ length: options.servers }, (_, index) => index + 1)
  const servers = yield* Effect.forEach(numbers, (number) =>
    startOwn({ ...server, name: `socket.io-${number}`, env }, options)
  )
  const first = servers[0]!
  return {
    ...first,
    servers: servers.flatMap((it) => it.servers),
    others: [redis],
    subscribing: {
      ...first.subscribing,
      addresses: servers.flatMap(({ subscribing }) => subscribing.addresses)
    }
  }
})

export const redisSystem: System = {
  name: "socket.io-redis",
  missing: () =>
    has("redis-server")
      ? undefined
      : "its adapter needs redis-server (Debian, Ubuntu: apt-get install redis-server)",
  start: startWithRedis
}
