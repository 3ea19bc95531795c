/**
 * ApiHandlers: the publish API for services, on any router.
 *
 * Each request is authenticated by its API key, checked like a client's, and
 * then passed to the channel's owner.
 */
import { checkAccess, type Verb } from "@weir/core/Capability"
import { checkRoster, checkVerb } from "@weir/core/CheckAccess"
import { checkMessage } from "@weir/core/CheckMessage"
import { Failure, failure, orFail } from "@weir/core/Failure"
import type { Namespaces } from "@weir/core/Namespace"
import { checkPageSize } from "@weir/core/PageSize"
import type { Accepted, Message } from "@weir/core/Publication"
import { Answering } from "@weir/grpc/Answering"
import { type CallInfo, implement } from "@weir/grpc/Handlers"
import { PresenceNodes } from "@weir/mesh/PresenceNodes"
import { Routers } from "@weir/mesh/Routers"
import { HistoryServiceDefinition } from "@weir/proto/api/v1/history"
import { PresenceServiceDefinition } from "@weir/proto/api/v1/presence"
import {
  type PublishBatchResponse,
  type PublishRequest,
  PublishServiceDefinition
} from "@weir/proto/api/v1/publish"
import type { ReadRequest } from "@weir/proto/mesh/v1/router"
import { decodePublication } from "@weir/wire/Publications"
import { Effect, Exit } from "effect"
import { type ApiKey, makeAuthenticator } from "../domain/ApiKeys.ts"
import { Router } from "../Router.ts"
import { Batch, checkSize } from "./Batch.ts"
import { readHere } from "./MeshHandlers.ts"
import { publishStream } from "./PublishStream.ts"

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
    if (message instanceof Failure) return Effect.fail(message)
    return new Answering<Accepted>((answer) =>
      // Who listens comes first, and what else has arrived: the answer takes a tenth of a ms, in
      // which the log can be at work on the next one.
      router.enqueue(message, (exit) => void setImmediate(answer, exit))
    )
  }

  /** All of them at once, which keeps one channel's in order: each is in its line before the next. */
  const publishBatch = (key: ApiKey, requests: ReadonlyArray<PublishRequest>) => {
    const refused = checkSize(requests)
    if (refused !== undefined) return Effect.fail(refused)
    return new Answering<PublishBatchResponse>((answer) => {
      // Behind the others, as above.
      const batch = new Batch(
        requests.length,
        (results) => void setImmediate(answer, Exit.succeed({ results }))
      )
      requests.forEach((request, index) => {
        const message = admit(key, request)
        if (message instanceof Failure) batch.decide(index, Exit.fail(message))
        else router.enqueue(message, (exit) => batch.decide(index, exit))
      })
    })
  }

  const mayRead = Effect.fnUntraced(function* (call: CallInfo, verb: Verb, channel: string) {
    const { capabilities } = yield* caller(call)
    return yield* orFail(checkVerb(namespaces, capabilities, verb, channel))
  })

  const read = (request: ReadRequest) =>
    Effect.catchTag(readHere(router, request), "Moved", () => routers.read(request))

  return [
    implement(PublishServiceDefinition, {
      publish,
      publishBatch: ({ publications }, call) => {
        const key = authenticate(call)
        return key instanceof Failure ? Effect.fail(key) : publishBatch(key, publications)
      },
      publishStream: (duplex, call) =>
        Effect.flatMap(caller(call), (key) =>
          publishStream(duplex, {
            admit: (request) => admit(key, request),
            enqueue: router.enqueue
          })
        )
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
