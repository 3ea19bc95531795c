/**
 * RpcBackend: a program of the users' that answers their clients' requests.
 */
import type { Failure } from "@weir/core/Failure"
import type { CallRequest, CallResponse } from "@weir/proto/api/v1/rpc"
import type { Effect } from "effect"

export interface RpcBackend {
  /**
   * Asks once, and never again. Ends within the time; an interruption ends the call at the
   * backend, too. What the answer holds is for others to check.
   */
  readonly call: (request: CallRequest, timeoutMs: number) => Effect.Effect<CallResponse, Failure>
}
