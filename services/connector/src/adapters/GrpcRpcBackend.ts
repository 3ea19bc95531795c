/**
 * GrpcRpcBackend: a backend that implements `weir.api.v1.RpcHandlerService`.
 */
import * as GrpcClient from "@weir/grpc/GrpcClient"
import { RpcHandlerServiceDefinition } from "@weir/proto/api/v1/rpc"
import { Effect } from "effect"
import type { RpcBackend } from "../RpcBackend.ts"

/** Its connection is opened by the first call, and closed with the scope. */
export const make = Effect.fnUntraced(function* (
  address: string,
  authorization: string | undefined
) {
  const client = yield* GrpcClient.make(RpcHandlerServiceDefinition, address, GrpcClient.outside)
  const metadata: Readonly<Record<string, string>> =
    authorization === undefined ? {} : { authorization: `Bearer ${authorization}` }
  return {
    call: (request, timeoutMs) => client.call(request, { deadlineMs: timeoutMs, metadata })
  } satisfies RpcBackend
})
