/**
 * ApiHandlers: the publish API for services over gRPC, on any router.
 */
import type { ApiKey } from "@weir/core/ApiKey"
import { Failure, orFail } from "@weir/core/Failure"
import type { Namespaces } from "@weir/core/Namespace"
import type { Accepted } from "@weir/core/Publication"
import { Answering } from "@weir/grpc/Answering"
import { type CallInfo, implement } from "@weir/grpc/Handlers"
import { PresenceNodes } from "@weir/mesh/PresenceNodes"
import { Routers } from "@weir/mesh/Routers"
import { checkBatchSize, make as makeServiceApi } from "@weir/mesh/ServiceApi"
import { HistoryServiceDefinition } from "@weir/proto/api/v1/history"
import { PresenceServiceDefinition } from "@weir/proto/api/v1/presence"
import {
  type PublishBatchResponse,
  type PublishRequest,
  PublishServiceDefinition
} from "@weir/proto/api/v1/publish"
import { Effect, Exit } from "effect"
import { Router } from "../Router.ts"
import { Batch } from "./Batch.ts"
import { readHere } from "./MeshHandlers.ts"
import { publishStream } from "./PublishStream.ts"

export interface ApiOptions {
  readonly keys: ReadonlyArray<ApiKey>
  readonly namespaces: Namespaces
  readonly publicationBytes: number
}

export const make = Effect.fnUntraced(function* (options: ApiOptions) {
  const router = yield* Router
  const routers = yield* Routers
  const { roster } = yield* PresenceNodes

  const { admit, authenticate, history, presence } = makeServiceApi({
    ...options,
    read: (request) =>
      Effect.catchTag(readHere(router, { ...request, view: 0 }), "Moved", () =>
        routers.read(request)
      ),
    roster
  })
  const keyOf = ({ metadata }: CallInfo) => authenticate(metadata("authorization"))
  const caller = (call: CallInfo) => orFail(keyOf(call))

  const publish = (request: PublishRequest, call: CallInfo) => {
    const key = keyOf(call)
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
    const refused = checkBatchSize(requests)
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

  return [
    implement(PublishServiceDefinition, {
      publish,
      publishBatch: ({ publications }, call) => {
        const key = keyOf(call)
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
      getHistory: (request, call) => Effect.flatMap(caller(call), (key) => history(key, request))
    }),
    implement(PresenceServiceDefinition, {
      getPresence: (request, call) => Effect.flatMap(caller(call), (key) => presence(key, request))
    })
  ]
})
