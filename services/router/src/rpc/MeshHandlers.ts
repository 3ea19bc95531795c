/**
 * MeshHandlers: the router as connectors and other routers see it.
 */
import { Cluster } from "@weir/cluster/Cluster"
import { Failure, failure } from "@weir/core/Failure"
import { maxPageSize } from "@weir/core/PageSize"
import type { Duplex } from "@weir/grpc/Duplex"
import { implement } from "@weir/grpc/Handlers"
import { decodeMessage } from "@weir/grpc/ServiceDefinition"
import {
  type AttachRequest,
  type AttachResponse,
  type ForwardRequest,
  type ForwardResponse,
  type ReadRequest,
  type ReadResponse,
  RouterServiceDefinition
} from "@weir/proto/mesh/v1/router"
import { decodeForwards, type Forward } from "@weir/wire/ForwardMessage"
import { Deferred, Effect, Exit, Stream } from "effect"
import type { Moved } from "../domain/Moved.ts"
import { type Page, pageBytes } from "../domain/Page.ts"
import type { Lane } from "../Lane.ts"
import type { Answer } from "../OwnedChannel.ts"
import type { From } from "../ports/LogStore.ts"
import { Router } from "../Router.ts"
import { ForwardResults } from "./ForwardResults.ts"
import { RefusedAttempts } from "./RefusedAttempts.ts"

/** Undecided publications of one stream; the senders hold themselves to the same. */
const maxUndecided = 4_096

const tooMany = Exit.fail(failure("too_many_requests", `${maxUndecided} undecided`, 100))

const maxPageBytes = 1024 * 1024

const receive = (
  router: Router["Service"],
  cluster: Cluster["Service"],
  lane: Lane,
  { message }: AttachRequest
) => {
  switch (message?.$case) {
    case "attach":
      cluster.saw(message.value.view)
      for (const wanted of message.value.channels) router.attach(lane, wanted)
      return
    case "detach":
      for (const channel of message.value.channels) router.detach(lane, channel)
      return
    case "signal":
      return router.signal(message.value)
    case "credit":
      return lane.grant(message.value.bytes)
    default:
      return
  }
}

const attach = Effect.fnUntraced(
  function* (
    router: Router["Service"],
    cluster: Cluster["Service"],
    { inbound, writeFrom }: Duplex<AttachRequest, AttachResponse>
  ) {
    const pull = yield* Stream.toPull(inbound)
    const [first, ...others] = yield* pull
    if (first.message?.$case !== "hello") {
      return yield* failure("bad_request", "message: the first one must be hello")
    }
    const lane = yield* router.openLane(first.message.value.node)
    const take = (requests: ReadonlyArray<AttachRequest>) =>
      Effect.sync(() => {
        for (const request of requests) receive(router, cluster, lane, request)
      })
    const read = Effect.andThen(take(others), Effect.forever(Effect.flatMap(pull, take)))
    yield* Effect.raceAllFirst([read, writeFrom(lane), Deferred.await(lane.died)])
  },
  Effect.catchTag("Done", () => Effect.void)
)

const forwardsType = { decode: decodeForwards }

const forward = Effect.fnUntraced(function* (
  router: Router["Service"],
  cluster: Cluster["Service"],
  { receive: listen, writeFrom }: Duplex<ForwardRequest, ForwardResponse>
) {
  const results = new ForwardResults()
  const refusedAttempts = new RefusedAttempts()
  let undecided = 0

  const begin = ({ attempt, id, message }: Forward) => {
    const { channel } = message
    const answer: Answer = (exit) => {
      undecided--
      if (Exit.isFailure(exit)) refusedAttempts.refuse(channel, attempt, exit)
      results.add(id, exit)
    }
    undecided++
    const refused = refusedAttempts.find(channel, attempt)
    if (refused !== undefined) answer(refused)
    else if (undecided > maxUndecided) answer(tooMany)
    else router.submit(message, answer)
  }
  const read = listen((bytes) => {
    const request = decodeMessage(forwardsType, bytes)
    if (request instanceof Failure) return request
    cluster.saw(request.view)
    for (const it of request.forwards) begin(it)
    return undefined
  })
  yield* Effect.raceFirst(read, writeFrom(results))
})

export const toReadResponse = (
  { head, next, before, entries, more }: Page,
  recovered: boolean,
  reason: string
): ReadResponse => ({
  position: head,
  recovered,
  reason,
  next,
  before,
  publications: entries.map(({ bytes }) => bytes),
  more,
  moved: undefined
})

const fromOf = ({ from, reverse }: ReadRequest): From => {
  switch (from?.$case) {
    case "last":
      return { _tag: "Last", count: from.value }
    case "sinceTime":
      return { _tag: "SinceTime", millis: from.value }
    default: {
      const offset = from?.$case === "after" ? from.value : 0
      return reverse ? { _tag: "Before", offset } : { _tag: "After", offset }
    }
  }
}

/** Reads here, if the channel is ours. */
export const readHere = Effect.fnUntraced(function* (
  router: Router["Service"],
  request: ReadRequest
) {
  const limits = {
    limit: Math.min(request.limit, maxPageSize),
    maxBytes: Math.min(request.maxBytes || pageBytes, maxPageBytes)
  }
  if (request.from?.$case === "since") {
    const page = yield* router.resume(request.channel, request.from.value, limits)
    return toReadResponse(page, page.verdict.recovered, page.verdict.reason ?? "")
  }
  return toReadResponse(yield* router.read(request.channel, fromOf(request), limits), true, "")
})

const elsewhere = ({ owner, shard, term, view }: Moved): ReadResponse => ({
  position: undefined,
  recovered: false,
  reason: "",
  next: 0,
  before: undefined,
  publications: [],
  more: false,
  moved: { owner, shard, term, view }
})

export const make = Effect.gen(function* () {
  const router = yield* Router
  const cluster = yield* Cluster
  return implement(RouterServiceDefinition, {
    attach: (duplex) => attach(router, cluster, duplex),
    forward: (duplex) => forward(router, cluster, duplex),
    read: (request) => {
      cluster.saw(request.view)
      return readHere(router, request).pipe(
        Effect.catchTag("Moved", (moved) => Effect.succeed(elsewhere(moved)))
      )
    },
    handoff: (request) => Effect.as(router.receive(request), {}),
    listOwned: (request) => Effect.map(router.list(request), (channels) => ({ channels }))
  })
})
