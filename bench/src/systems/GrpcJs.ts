/**
 * GrpcJs: one unary method on bare grpc-js, which the `publish` scenario compares with
 * Weir's. Nobody can subscribe to it.
 */
import { Effect, type Scope } from "effect"
import type { BenchFailure, Running, StartOptions, System } from "../System.ts"
import { startPeer } from "./PeerProcess.ts"

const start = Effect.fnUntraced(function* ({
  serverCore
}: StartOptions): Effect.fn.Return<Running, BenchFailure, Scope.Scope> {
  const server = yield* startPeer("grpcEcho", [], serverCore)
  return {
    version: server.version,
    servers: [server],
    others: [],
    subscribing: { dialect: "plain", addresses: [], token: "" },
    publishing: { kind: "weir", addresses: [server.address], key: "" }
  }
})

export const system: System = { name: "grpc-js", missing: () => undefined, start }
