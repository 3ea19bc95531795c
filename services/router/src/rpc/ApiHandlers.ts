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
  type PublishStreamResponse,
  type Result
} from "@weir/proto/api/v1/publish"
import type { ReadRequest } from "@weir/proto/mesh/v1/router"
import { decodePublication } from "@weir/wire/Publications"
import { Clock, Effect, Exit, Stream } from "effect"
import { type ApiKey, authenticate } from "../domain/ApiKeys.ts"
import { Router } from "../Router.ts"
import { Arrivals } from "./Arrivals.ts"
import { readHere } from "./MeshHandlers.ts"

/** Publications in one message of a batch or stream. */
const maxBatch = 256

export interface ApiOptions {
  readonly keys: ReadonlyArray<ApiKey>
  readonly namespaces: Namespaces
  readonly publicationBytes: number
}

const toResult = (exit: Exit.Exit<Accepted, Failure>): Result => {
  if (Exit.isSuccess(exit)) return { result: { $case: "published", value: exit.value } }
  const { code, message, retryAfterMs } = failureOf(exit)
  return { result: { $case: "failure", value: { code, message, retryAfterMs } } }
}

export const make = Effect.fnUntraced(function* (options: ApiOptions) {
  const { keys, namespaces, publicationBytes } = options
  const router = yield* Router
  const routers = yield* Routers
  const presence = yield* PresenceNodes

  const caller = ({ metadata }: CallInfo) => orFail(authenticate(keys, metadata("authorization")))

  /** The message as it will be appended, or why this key may not publish it. */
  const admit = (key: ApiKey, request: PublishRequest): Message | Failure => {
    const message = checkMessage(namespaces, { ...request, publisher: key.id }, publicationBytes)
    if (message instanceof Failure) return message
    return checkAccess(key.capabilities, "publish", message.channel) ?? message
  }

  const publish = Effect.fnUntraced(function* (key: ApiKey, request: PublishRequest) {
    return yield* router.publish(yield* orFail(admit(key, request)))
  })

  /**
   * All of them at once, which keeps one channel's in order: each is in its line
   * before the next one is looked at.
   */
  const publishAll = (
    requests: ReadonlyArray<PublishRequest>,
    publish: (request: PublishRequest) => Effect.Effect<Accepted, Failure>
  ): Effect.Effect<Array<Result>, Failure> =>
    requests.length > maxBatch
      ? Effect.fail(
          failure(
            "bad_request",
            `publications: ${requests.length} in one message, limit ${maxBatch}`
          )
        )
      : Effect.forEach(requests, (request) => Effect.map(Effect.exit(publish(request)), toResult), {
          concurrency: "unbounded"
        })

  /**
   * One message is decided before the next is read: flow control reaches the publisher. More
   * may be on its way, so that a refusal holds back what is behind it.
   */
  const publishStream = Effect.fnUntraced(function* (
    key: ApiKey,
    { inbound, writeAll }: Duplex<PublishStreamRequest, PublishStreamResponse>
  ) {
    const clock = yield* Clock.Clock
    const order = new SendOrder()
    const arrivals = new Arrivals(monotonicMs(clock))
    const inOrder = (request: PublishRequest) => {
      const { channel, messageId } = request
      const held = order.check(channel, messageId, arrivals.time)
      if (held !== undefined) return Effect.fail(held)
      return Effect.tapError(publish(key, request), (refused) =>
        Effect.sync(() => order.refused(channel, messageId, refused, arrivals.time))
      )
    }
    yield* Stream.runForEach(inbound, ({ publications }) => {
      arrivals.arrived(monotonicMs(clock))
      return publishAll(publications, inOrder).pipe(
        Effect.flatMap((results) => writeAll([{ results }])),
        Effect.tap(() => Effect.sync(() => arrivals.done(monotonicMs(clock))))
      )
    })
  })

  const mayRead = Effect.fnUntraced(function* (call: CallInfo, verb: Verb, channel: string) {
    const { capabilities } = yield* caller(call)
    return yield* orFail(checkVerb(namespaces, capabilities, verb, channel))
  })

  const read = (request: ReadRequest) =>
    Effect.catchTag(readHere(router, request), "Moved", () => routers.read(request))

  return [
    implement(PublishServiceDefinition, {
      publish: (request, call) => Effect.flatMap(caller(call), (key) => publish(key, request)),
      publishBatch: ({ publications }, call) =>
        Effect.flatMap(caller(call), (key) =>
          Effect.map(
            publishAll(publications, (request) => publish(key, request)),
            (results) => ({ results })
          )
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
