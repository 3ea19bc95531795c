/**
 * ApiHandlers: the publish API for services, on any router.
 *
 * Each request is authenticated by its API key, checked like a client's, and
 * then passed to the channel's owner.
 */
import { checkAccess, type Verb } from "@weir/core/Capability"
import { checkRoster, checkVerb } from "@weir/core/CheckAccess"
import { checkMessage } from "@weir/core/CheckMessage"
import { Failure, failure, failureOf, orFail } from "@weir/core/Failure"
import type { Namespaces } from "@weir/core/Namespace"
import { checkPageSize } from "@weir/core/PageSize"
import type { Accepted, Message } from "@weir/core/Publication"
import { SendOrder } from "@weir/core/SendOrder"
import { monotonicMs } from "@weir/flow/Monotonic"
import type { Duplex } from "@weir/grpc/Duplex"
import { type CallInfo, implement } from "@weir/grpc/Handlers"
import { PresenceNodes } from "@weir/mesh/PresenceNodes"
import { Routers } from "@weir/mesh/Routers"
import { HistoryServiceDefinition } from "@weir/proto/api/v1/history"
import { PresenceServiceDefinition } from "@weir/proto/api/v1/presence"
import {
  type PublishRequest,
  PublishServiceDefinition,
  type PublishStreamRequest,
  type PublishStreamResponse
} from "@weir/proto/api/v1/publish"
import type { ReadRequest } from "@weir/proto/mesh/v1/router"
import { decodePublication } from "@weir/wire/Publications"
import { type Cause, Clock, Effect, Exit, Queue, Semaphore, Stream } from "effect"
import { type ApiKey, makeAuthenticator } from "../domain/ApiKeys.ts"
import { Router } from "../Router.ts"
import { Arrivals } from "./Arrivals.ts"
import { Batch } from "./Batch.ts"
import { readHere } from "./MeshHandlers.ts"

/** Publications in one message of a batch or stream. */
const maxBatch = 256

/**
 * Undecided on one stream before it reads on: so many that a log's round trip is not waited
 * for after each message, so few that four such streams fit one channel's line.
 */
const maxUndecided = 512

export interface ApiOptions {
  readonly keys: ReadonlyArray<ApiKey>
  readonly namespaces: Namespaces
  readonly publicationBytes: number
}

export const make = Effect.fnUntraced(function* (options: ApiOptions) {
  const { keys, namespaces, publicationBytes } = options
  const router = yield* Router
  const routers = yield* Routers
  const presence = yield* PresenceNodes

  const authenticated = makeAuthenticator(keys)
  const authenticate = ({ metadata }: CallInfo) => authenticated(metadata("authorization"))
  const caller = (call: CallInfo) => orFail(authenticate(call))

  /** The message as it will be appended, or why this key may not publish it. */
  const admit = (key: ApiKey, request: PublishRequest): Message | Failure => {
    const message = checkMessage(namespaces, { ...request, publisher: key.id }, publicationBytes)
    if (message instanceof Failure) return message
    return checkAccess(key.capabilities, "publish", message.channel) ?? message
  }

  const publish = (request: PublishRequest, call: CallInfo) => {
    const key = authenticate(call)
    const message = key instanceof Failure ? key : admit(key, request)
    return message instanceof Failure ? Effect.fail(message) : router.publish(message)
  }

  const checkSize = (requests: ReadonlyArray<PublishRequest>): Failure | undefined =>
    requests.length > maxBatch
      ? failure("bad_request", `publications: ${requests.length} in one message, limit ${maxBatch}`)
      : undefined

  /** All of them at once, which keeps one channel's in order: each is in its line before the next. */
  const publishBatch = (key: ApiKey, requests: ReadonlyArray<PublishRequest>) => {
    const refused = checkSize(requests)
    if (refused !== undefined) return Effect.fail(refused)
    const batch = new Batch(requests.length)
    requests.forEach((request, index) => {
      const message = admit(key, request)
      if (message instanceof Failure) batch.decide(index, Exit.fail(message))
      else router.enqueue(message, (exit) => batch.decide(index, exit))
    })
    return batch.results
  }

  /**
   * Reads on while what is undecided is within its bound, then flow control reaches the
   * publisher. A refusal holds back what is behind it, here or still on its way.
   */
  const publishStream = Effect.fnUntraced(function* (
    key: ApiKey,
    { inbound, writeAll }: Duplex<PublishStreamRequest, PublishStreamResponse>
  ) {
    const clock = yield* Clock.Clock
    const order = new SendOrder()
    const arrivals = new Arrivals(monotonicMs(clock))
    const room = yield* Semaphore.make(maxUndecided)
    // Bounded by the room.
    const unanswered = yield* Queue.unbounded<Batch, Failure | Cause.Done>()

    const begin = (requests: ReadonlyArray<PublishRequest>) => {
      const batch = new Batch(requests.length)
      requests.forEach((request, index) => {
        const { channel, messageId } = request
        const held = order.check(channel, messageId, arrivals.time)
        const message = held ?? admit(key, request)
        const decide = (exit: Exit.Exit<Accepted, Failure>) => {
          if (Exit.isFailure(exit) && held === undefined) {
            order.refused(channel, messageId, failureOf(exit), arrivals.at(monotonicMs(clock)))
          }
          batch.decide(index, exit)
        }
        if (message instanceof Failure) decide(Exit.fail(message))
        else router.enqueue(message, decide)
      })
      Queue.offerUnsafe(unanswered, batch)
    }

    const read = Stream.runForEach(inbound, ({ publications }) => {
      const refused = checkSize(publications)
      if (refused !== undefined) return Effect.fail(refused)
      arrivals.arrived(monotonicMs(clock))
      return Effect.map(room.take(publications.length), () => {
        arrivals.done(monotonicMs(clock))
        begin(publications)
      })
    })
    const answer = Queue.take(unanswered).pipe(
      Effect.flatMap((batch) =>
        batch.results.pipe(
          Effect.flatMap((results) => writeAll([{ results }])),
          Effect.andThen(room.release(batch.size))
        )
      ),
      Effect.forever({ disableYield: true })
    )
    // Whatever ends the reading, what was read before is answered first.
    yield* read.pipe(
      Effect.andThen(Queue.end(unanswered)),
      Effect.catchCause((cause) => Queue.failCause(unanswered, cause)),
      Effect.forkScoped
    )
    yield* Effect.catchTag(answer, "Done", () => Effect.void)
  })

  const mayRead = Effect.fnUntraced(function* (call: CallInfo, verb: Verb, channel: string) {
    const { capabilities } = yield* caller(call)
    return yield* orFail(checkVerb(namespaces, capabilities, verb, channel))
  })

  const read = (request: ReadRequest) =>
    Effect.catchTag(readHere(router, request), "Moved", () => routers.read(request))

  return [
    implement(PublishServiceDefinition, {
      publish,
      publishBatch: ({ publications }, call) =>
        Effect.flatMap(caller(call), (key) =>
          Effect.map(publishBatch(key, publications), (results) => ({ results }))
        ),
      publishStream: (duplex, call) =>
        Effect.flatMap(caller(call), (key) => publishStream(key, duplex))
    }),
    implement(HistoryServiceDefinition, {
      getHistory: Effect.fnUntraced(function* ({ channel, after, limit, reverse }, call) {
        yield* mayRead(call, "history", channel)
        if (after < 0) return yield* failure("bad_request", `after: ${after}, must not be negative`)
        const page = yield* read({
          channel,
          from: { $case: "after", value: after },
          limit: yield* orFail(checkPageSize(limit)),
          maxBytes: 0,
          reverse,
          view: 0
        })
        const entries = page.publications.map((bytes) => decodePublication(bytes).publication)
        return {
          position: page.position,
          entries,
          next: page.more ? (entries.at(-1)?.position.offset ?? 0) : 0
        }
      })
    }),
    implement(PresenceServiceDefinition, {
      getPresence: Effect.fnUntraced(function* ({ limit, ...request }, call) {
        yield* orFail(checkRoster(yield* mayRead(call, "presence", request.channel)))
        return yield* presence.roster({ ...request, limit: yield* orFail(checkPageSize(limit)) })
      })
    })
  ]
})
