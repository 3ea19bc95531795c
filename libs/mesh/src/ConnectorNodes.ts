/**
 * ConnectorNodes: the other connectors, as one asks them for what is held there.
 */
import type { Failure } from "@weir/core/Failure"
import type { Duplex } from "@weir/grpc/Duplex"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import {
  type RelayRequest,
  type RelayResponse,
  RelayServiceDefinition
} from "@weir/proto/mesh/v1/relay"
import { Context, Effect, type Scope } from "effect"
import * as PeerMap from "./PeerMap.ts"

export class ConnectorNodes extends Context.Service<
  ConnectorNodes,
  {
    /** One request for a session that the node at an address holds, and what it answers. */
    readonly relay: <A>(
      address: string,
      f: (duplex: Duplex<RelayResponse, RelayRequest>) => Effect.Effect<A, Failure, Scope.Scope>
    ) => Effect.Effect<A, Failure>
  }
>()("weir/mesh/ConnectorNodes") {}

export const make: Effect.Effect<ConnectorNodes["Service"], never, Scope.Scope> = Effect.map(
  PeerMap.make("connector", (address) => GrpcClient.make(RelayServiceDefinition, address)),
  (peers) => ({
    relay: (address, f) => peers.use(address, (it) => Effect.scoped(Effect.flatMap(it.relay(), f)))
  })
)
