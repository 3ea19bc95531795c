/**
 * Routers: the routers of the mesh, seen from outside: publish to, and read
 * from, whoever owns a channel, also while that changes.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import type { Duplex } from "@weir/grpc/Duplex"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import {
  type AttachRequest,
  type AttachResponse,
  ForwardResponse,
  type ForwardResult,
  type HandoffRequest,
  type ListOwnedRequest,
  type OwnedChannel,
  type ReadRequest,
  type ReadResponse,
  RouterServiceDefinition
} from "@weir/proto/mesh/v1/router"
import { encodeForwards, type Forward } from "@weir/wire/ForwardMessage"
import { Context, Effect, Random, type Scope, Semaphore } from "effect"
import type { Attempt, Outcome } from "./Attempt.ts"
import * as Correlated from "./Correlated.ts"
import { fromMessage } from "./Failures.ts"
import * as PeerMap from "./PeerMap.ts"
import * as PublishLines from "./PublishLines.ts"

/** What a connector needs of the stream of a lane. */
export type AttachCall = Pick<Duplex<AttachResponse, AttachRequest>, "receive" | "writeAll">

export class Routers extends Context.Service<
  Routers,
  {
    /** Appends the message at its channel's owner. In the order called, for one channel. */
    readonly publish: (message: Message) => Effect.Effect<Accepted, Failure>
    /** One attempt at whoever owns the channel now: what `PublishLines` is to be made of. */
    readonly forward: Attempt
    /** One page of a channel's log, from its owner. */
    readonly read: (request: Omit<ReadRequest, "view">) => Effect.Effect<ReadResponse, Failure>
    /** Hands shards to the router at an address, which owns them next. */
    readonly handoff: (address: string, request: HandoffRequest) => Effect.Effect<void, Failure>
    /** The channels that the router at an address owns and has in use, by name. */
    readonly listOwned: (
      address: string,
      request: ListOwnedRequest
    ) => Effect.Effect<ReadonlyArray<OwnedChannel>, Failure>
    /** One lane of the router at an address, open until the scope closes. */
    readonly attach: (address: string) => Effect.Effect<AttachCall, Failure, Scope.Scope>
  }
>()("weir/mesh/Routers") {}

export interface RoutersOptions {
  /** The mesh address of the router that should own the channel. */
  readonly ownerOf: (channel: string) => string | undefined
  readonly viewVersion: () => number
  /** A router acts on this version of the view: whoever has an older one should look. */
  readonly saw: (version: number) => void
}

/** The turn, the page and every other try together. */
const readDeadline = "5 seconds"

/** One page, once it has its turn. */
const readAttemptDeadlineMs = 1_500

const handoffDeadlineMs = 1_000

const listDeadlineMs = 2_000

/**
 * Pages read at once of one router: a storm of returning clients must not become
 * one at the owner, and an owner that hangs must not hold up the others.
 */
const concurrentReads = 64

/** A publisher waits this long for a decision. */
export const publishDeadline = "5 seconds"

/** The same bound as a router has for one stream of forwards: eight publishers with all they may have under way. */
const forwardCapacity = 4_096

const moved: Outcome = { _tag: "Moved" }

const failed = (refused: Failure): Outcome => ({ _tag: "Failed", failure: refused })

/** Spread, so that the readers of an owner that is gone do not come to the next as one. */
const readPause = Effect.flatMap(Random.next, (it) => Effect.sleep(20 + 80 * it))

const isWorthAnotherRead = ({ code }: Failure) => code === "unavailable" || code === "timeout"

export const make = Effect.fnUntraced(function* (
  options: RoutersOptions
): Effect.fn.Return<Routers["Service"], never, Scope.Scope> {
  const { ownerOf, saw, viewVersion } = options

  const outcomeOf = ({ result }: ForwardResult): Outcome => {
    switch (result?.$case) {
      case "accepted": {
        const { duplicate, position } = result.value
        return position === undefined
          ? failed(failure("internal", "router: accepted without a position"))
          : { _tag: "Accepted", accepted: { position, duplicate } }
      }
      case "failure":
        return failed(fromMessage(result.value))
      case "moved":
        saw(result.value.view)
        return moved
      case undefined:
        return failed(failure("internal", "router: an empty answer"))
    }
  }

  /** Those that were appended in a row are answered as one. */
  const eachOutcome = (
    { results }: ForwardResponse,
    settle: (id: number, outcome: Outcome) => void
  ) => {
    for (const result of results) {
      const { id, more } = result
      const outcome = outcomeOf(result)
      settle(id, outcome)
      if (outcome._tag !== "Accepted") continue
      const { duplicate, position } = outcome.accepted
      const { epoch, offset, term } = position
      for (let index = 1; index <= more; index++) {
        const next = { epoch, term, offset: offset + index }
        settle(id + index, { _tag: "Accepted", accepted: { position: next, duplicate } })
      }
    }
  }

  const peers = yield* PeerMap.make("router", (address) =>
    Effect.gen(function* () {
      const client = yield* GrpcClient.make(RouterServiceDefinition, address)
      const forward = yield* Correlated.make({
        peer: "router",
        open: client.forward(),
        capacity: forwardCapacity,
        batchSize: 256,
        bytesOf: ({ message }: Forwarded) => message.data.byteLength,
        // What stands together is shorter, and answered together.
        keyOf: ({ message }) => message.channel,
        encode: (batch: ReadonlyArray<Correlated.Numbered<Forwarded>>) => {
          const forwards = batch.map(
            ({ id, request: { attempt, message } }): Forward => ({ id, attempt, message })
          )
          return encodeForwards(forwards, viewVersion())
        },
        responseType: ForwardResponse,
        eachAnswer: eachOutcome,
        refused: failed(
          failure("too_many_requests", `router: ${forwardCapacity} publications undecided`, 100)
        ),
        lost: { _tag: "Unknown" } as Outcome,
        unsent: moved
      })
      return { client, forward, reads: yield* Semaphore.make(concurrentReads) }
    })
  )

  const forward: Attempt = (message, attempt, answer) => {
    const address = ownerOf(message.channel)
    return address === undefined
      ? answer(moved)
      : peers.get(address).forward({ message, attempt }, answer)
  }

  /** Undefined: somebody else is to be asked. */
  const readOnce = (request: Omit<ReadRequest, "view">) =>
    Effect.suspend(() => {
      const address = ownerOf(request.channel)
      const page = ({ client }: { readonly client: Client }) =>
        Effect.suspend(() =>
          // It may have changed before the turn came: those in line do not all find out one by one.
          ownerOf(request.channel) === address
            ? client.read(
                { ...request, view: viewVersion() },
                { deadlineMs: readAttemptDeadlineMs }
              )
            : Effect.undefined
        )
      return peers.use(address, (peer) => peer.reads.withPermit(page(peer)))
    })

  const read = Effect.fnUntraced(function* (request: Omit<ReadRequest, "view">) {
    while (true) {
      const page = yield* readOnce(request).pipe(
        Effect.catchIf(isWorthAnotherRead, () => Effect.undefined)
      )
      if (page !== undefined && page.moved === undefined) return page
      if (page?.moved !== undefined) saw(page.moved.view)
      yield* readPause
    }
  })

  const { publish } = yield* PublishLines.make({ attempt: forward, ownerOf })

  return {
    publish,
    forward,
    read: (request) =>
      Effect.timeoutOrElse(read(request), {
        duration: readDeadline,
        orElse: () =>
          Effect.fail(failure("unavailable", "the channel's owner does not answer", 500))
      }),
    handoff: (address, request) =>
      peers.use(address, ({ client }) =>
        Effect.asVoid(
          client.handoff(request, { deadlineMs: handoffDeadlineMs, waitForReady: true })
        )
      ),
    listOwned: (address, request) =>
      peers.use(address, ({ client }) =>
        Effect.map(
          client.listOwned(request, { deadlineMs: listDeadlineMs, waitForReady: true }),
          ({ channels }) => channels
        )
      ),
    attach: (address) =>
      Effect.flatMap(GrpcClient.make(RouterServiceDefinition, address), (client) => client.attach())
  }
})

interface Forwarded {
  readonly message: Message
  readonly attempt: number
}

type Client = GrpcClient.GrpcClient<RouterServiceDefinition>
