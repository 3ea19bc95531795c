/**
 * PresenceNodes: the presence services, seen from outside.
 */
import type { Failure } from "@weir/core/Failure"
import type { Duplex } from "@weir/grpc/Duplex"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import {
  type AnnounceRequest,
  type AnnounceResponse,
  type GetRosterRequest,
  type GetRosterResponse,
  RosterServiceDefinition
} from "@weir/proto/mesh/v1/presence"
import { Context, Effect, type Scope } from "effect"
import * as PeerMap from "./PeerMap.ts"

export class PresenceNodes extends Context.Service<
  PresenceNodes,
  {
    /** One page of a channel's roster. */
    readonly roster: (request: GetRosterRequest) => Effect.Effect<GetRosterResponse, Failure>
    /** The stream of announcements to the node at an address, open until the scope closes. */
    readonly announce: (
      address: string
    ) => Effect.Effect<Duplex<AnnounceResponse, AnnounceRequest>, Failure, Scope.Scope>
  }
>()("weir/mesh/PresenceNodes") {}

/** `ownerOf`: the mesh address of the node that keeps the channel's roster. */
export const make = Effect.fnUntraced(function* (
  ownerOf: (channel: string) => string | undefined
): Effect.fn.Return<PresenceNodes["Service"], never, Scope.Scope> {
  const peers = yield* PeerMap.make("presence", (address) =>
    GrpcClient.make(RosterServiceDefinition, address)
  )
  return {
    roster: (request) => peers.use(ownerOf(request.channel), (it) => it.getRoster(request)),
    announce: (address) =>
      Effect.flatMap(GrpcClient.make(RosterServiceDefinition, address), (it) => it.announce())
  }
})
