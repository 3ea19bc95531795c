/**
 * Pipeline: the least that takes a publication over two hops, with the libraries that
 * Weir is made with: grpc-js to grpc-js to `ws`. What Weir adds is what it does more.
 */
import { Effect, type Scope } from "effect"
import type { BenchFailure, Running, StartOptions, System } from "../System.ts"
import { startPeer } from "./PeerProcess.ts"
import { startRedis } from "./RedisServer.ts"

/** `logged`: by Redis. */
const start = Effect.fnUntraced(function* ({
  logged,
  otherCore,
  serverCore
}: StartOptions): Effect.fn.Return<Running, BenchFailure, Scope.Scope> {
  const redis = logged ? yield* startRedis(otherCore) : undefined
  const hub = yield* startPeer("pipelineHub", redis ? [redis.url] : [], otherCore)
  const edge = yield* startPeer("pipelineEdge", [hub.address], serverCore)
  return {
    version: `grpc-js ${hub.version}, ws ${edge.version}`,
    servers: [edge],
    others: redis ? [hub, redis] : [hub],
    subscribing: { dialect: "plain", addresses: [edge.address], token: "" },
    publishing: { kind: "weir", addresses: [hub.address], key: "" }
  }
})

export const system: System = { name: "pipeline", missing: () => undefined, start }
