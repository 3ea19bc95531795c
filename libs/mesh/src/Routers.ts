/**
 * Routers: the routers of the mesh, seen from outside: publish to, and read
 * from, whoever owns a channel.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import type { Duplex } from "@weir/grpc/Duplex"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import {
  type AttachRequest,
  type AttachResponse,
  type ForwardResult,
  type ReadRequest,
  type ReadResponse,
  RouterServiceDefinition
} from "@weir/proto/mesh/v1/router"
import { Context, Effect, Exit, type Scope, Semaphore } from "effect"
import * as Correlated from "./Correlated.ts"
import { fromMessage } from "./Failures.ts"
import * as PeerMap from "./PeerMap.ts"

export class Routers extends Context.Service<
  Routers,
  {
    /** Appends the message at its channel's owner. In the order called, for one channel. */
    readonly publish: (message: Message) => Effect.Effect<Accepted, Failure>
    /** One page of a channel's log, from its owner. */
    readonly read: (request: Omit<ReadRequest, "view">) => Effect.Effect<ReadResponse, Failure>
    /** One lane of the router at an address, open until the scope closes. */
    readonly attach: (
      address: string
    ) => Effect.Effect<Duplex<AttachResponse, AttachRequest>, never, Scope.Scope>
  }
>()("weir/mesh/Routers") {}

/** The turn and the page together. */
const readDeadline = "5 seconds"

/**
 * Pages read at once of one router: a storm of returning clients must not become
 * one at the owner, and an owner that hangs must not hold up the others.
 */
const concurrentReads = 64

/** A publisher waits this long for a decision. */
export const publishDeadline = "5 seconds"

/** The same bound as a router has for one connector's forwards. */
const forwardCapacity = 2_048

const forwardResult = ({ result }: ForwardResult): Exit.Exit<Accepted, Failure> => {
  switch (result?.$case) {
    case "accepted":
      return result.value.position === undefined
        ? Exit.fail(failure("internal", "router: accepted without a position"))
        : Exit.succeed({ position: result.value.position, duplicate: result.value.duplicate })
    case "failure":
      return Exit.fail(fromMessage(result.value))
    case "moved":
      return Exit.fail(failure("unavailable", "the channel is changing its owner", 100))
    case undefined:
      return Exit.fail(failure("internal", "router: an empty answer"))
  }
}

/** `ownerOf`: the mesh address of the router that should own the channel. */
export const make = Effect.fnUntraced(function* (options: {
  readonly ownerOf: (channel: string) => string | undefined
  readonly viewVersion: () => number
}): Effect.fn.Return<Routers["Service"], never, Scope.Scope> {
  const { ownerOf, viewVersion } = options
  const peers = yield* PeerMap.make("router", (address) =>
    Effect.gen(function* () {
      const client = yield* GrpcClient.make(RouterServiceDefinition, address)
      const forward = yield* Correlated.make({
        peer: "router",
        open: client.forward(),
        capacity: forwardCapacity,
        batchSize: 256,
        toMessage: (batch: ReadonlyArray<{ readonly id: number; readonly request: Message }>) => ({
          publications: batch.map(({ id, request }) => ({ id, ...request })),
          view: viewVersion()
        }),
        fromMessage: ({ results }) =>
          results.map((result) => ({ id: result.id, result: forwardResult(result) }))
      })
      return { client, forward, reads: yield* Semaphore.make(concurrentReads) }
    })
  )
  return {
    publish: (message) =>
      Effect.suspend(() =>
        peers.use(ownerOf(message.channel), ({ forward }) => forward(message))
      ).pipe(
        Effect.timeoutOrElse({
          duration: publishDeadline,
          orElse: () => Effect.fail(failure("timeout", "no answer from the channel's owner"))
        })
      ),
    read: (request) =>
      // The owner of the moment, also when it is asked again.
      Effect.suspend(() =>
        peers.use(ownerOf(request.channel), ({ client, reads }) =>
          reads.withPermit(client.read({ ...request, view: viewVersion() }))
        )
      ).pipe(
        Effect.timeoutOrElse({
          duration: readDeadline,
          orElse: () =>
            Effect.fail(failure("unavailable", "the channel's owner does not answer", 500))
        }),
        Effect.filterOrFail(
          ({ moved }) => moved === undefined,
          () => failure("unavailable", "the channel is changing its owner", 100)
        )
      ),
    attach: (address) =>
      Effect.flatMap(GrpcClient.make(RouterServiceDefinition, address), (client) => client.attach())
  }
})
