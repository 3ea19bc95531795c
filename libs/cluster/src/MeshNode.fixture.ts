/**
 * MeshNode: a node that does nothing but be in the view; started as a process of
 * its own, it says on standard output where its mesh listener is.
 */
import * as GrpcServer from "@weir/grpc/GrpcServer"
import * as RedisConnection from "@weir/redis/RedisConnection"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import { Cause, Effect, Layer, References, Result, type Scope } from "effect"
import { Cluster } from "./Cluster.ts"
import * as RedisCluster from "./RedisCluster.ts"
import type { Role } from "./View.ts"
import * as ViewHandlers from "./ViewHandlers.ts"
import * as WatchedCluster from "./WatchedCluster.ts"

export interface MeshNode {
  readonly name: string
  readonly mesh: string
  readonly cluster: Cluster["Service"]
}

/** In the view until the scope closes. */
export const begin = Effect.fnUntraced(function* (options: {
  readonly name: string
  readonly role: Role
  readonly redis: string
}): Effect.fn.Return<MeshNode, unknown, Scope.Scope> {
  const { name, redis, role } = options
  const layer = role === "connector" ? WatchedCluster.layer : RedisCluster.layer
  const target = Result.getOrThrow(parseRedisUrl(redis))
  const connection = RedisConnection.layer(target, { name })
  const context = yield* Layer.build(Layer.provide(layer, connection))
  return yield* Effect.gen(function* () {
    const cluster = yield* Cluster
    const services = role === "router" ? [yield* ViewHandlers.make] : []
    const { address } = yield* GrpcServer.make({ host: "127.0.0.1", port: 0, services })
    yield* cluster.announce({ name, role, mesh: address })
    return { name, mesh: address, cluster }
  }).pipe(Effect.provide(context))
})

if (import.meta.main) {
  const [name = "", role = "", redis = ""] = process.argv.slice(2)
  // Ends with the test, however that ends.
  process.stdin.once("end", () => process.exit()).resume()
  Effect.runFork(
    Effect.scoped(
      Effect.gen(function* () {
        const { mesh } = yield* begin({ name, role: role as Role, redis })
        process.stdout.write(`${mesh}\n`)
        yield* Effect.never
      })
    ).pipe(
      Effect.tapCause((cause) => Effect.sync(() => process.stderr.write(Cause.pretty(cause)))),
      // Standard output is for the address.
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )
}
