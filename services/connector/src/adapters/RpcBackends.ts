/**
 * RpcBackends: the backend that a handler's url names.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type { RpcHandlerSettings } from "@weir/config/Settings"
import { Effect } from "effect"
import * as GrpcRpcBackend from "./GrpcRpcBackend.ts"
import * as HttpRpcBackend from "./HttpRpcBackend.ts"

/** `limitBytes`: of an answer. */
export const make = Effect.fnUntraced(function* (limitBytes: number) {
  const agent = yield* NodeHttpClient.makeAgent({ keepAlive: true })
  const client = yield* Effect.provideService(
    NodeHttpClient.makeNodeHttp,
    NodeHttpClient.HttpAgent,
    agent
  )
  return ({ authorization, url }: RpcHandlerSettings) => {
    const { host, protocol } = new URL(url)
    return protocol === "grpc:"
      ? GrpcRpcBackend.make(host, authorization)
      : Effect.succeed(HttpRpcBackend.make(client, url, { authorization, limitBytes }))
  }
})
