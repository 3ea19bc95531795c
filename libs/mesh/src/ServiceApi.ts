/**
 * ServiceApi: what services may do, whichever door they come through.
 *
 * A caller is who its API key says; what it asks is checked like a client's, and then read
 * at whoever owns the channel. Each door decodes, calls one of these and encodes.
 */
import { type ApiKey, makeAuthenticator } from "@weir/core/ApiKey"
import { checkAccess, type Verb } from "@weir/core/Capability"
import { checkRoster, checkVerb } from "@weir/core/CheckAccess"
import { checkMessage } from "@weir/core/CheckMessage"
import { Failure, failure, orFail } from "@weir/core/Failure"
import type { Namespace, Namespaces } from "@weir/core/Namespace"
import { checkPageSize } from "@weir/core/PageSize"
import type { Message } from "@weir/core/Publication"
import type { GetHistoryRequest, GetHistoryResponse } from "@weir/proto/api/v1/history"
import type { GetPresenceRequest, GetPresenceResponse } from "@weir/proto/api/v1/presence"
import type { PublishRequest } from "@weir/proto/api/v1/publish"
import { decodePublication } from "@weir/wire/Publications"
import { Effect } from "effect"
import type { PresenceNodes } from "./PresenceNodes.ts"
import type { Routers } from "./Routers.ts"

/** Publications in one batch, or in one message of a stream. */
const maxBatchSize = 256

export const checkBatchSize = ({ length }: ReadonlyArray<unknown>): Failure | undefined =>
  length > maxBatchSize
    ? failure("bad_request", `publications: ${length} in one message, limit ${maxBatchSize}`)
    : undefined

export interface ServiceApiOptions {
  readonly keys: ReadonlyArray<ApiKey>
  readonly namespaces: Namespaces
  readonly publicationBytes: number
  readonly read: Routers["Service"]["read"]
  readonly roster: PresenceNodes["Service"]["roster"]
}

export interface ServiceApi {
  /** Whose key an `authorization` header names. */
  readonly authenticate: (authorization: string | undefined) => ApiKey | Failure
  /** The message as it will be appended, or why this key may not publish it. */
  readonly admit: (key: ApiKey, request: PublishRequest) => Message | Failure
  readonly history: (
    key: ApiKey,
    request: GetHistoryRequest
  ) => Effect.Effect<GetHistoryResponse, Failure>
  readonly presence: (
    key: ApiKey,
    request: GetPresenceRequest
  ) => Effect.Effect<GetPresenceResponse, Failure>
}

export const make = (options: ServiceApiOptions): ServiceApi => {
  const { keys, namespaces, publicationBytes, read, roster } = options

  const mayRead = (key: ApiKey, verb: Verb, channel: string): Effect.Effect<Namespace, Failure> =>
    orFail(checkVerb(namespaces, key.capabilities, verb, channel))

  return {
    authenticate: makeAuthenticator(keys),
    admit: (key, request) => {
      const message = checkMessage(namespaces, { ...request, publisher: key.id }, publicationBytes)
      if (message instanceof Failure) return message
      return checkAccess(key.capabilities, "publish", message.channel) ?? message
    },
    history: Effect.fnUntraced(function* (key, { channel, after, limit, reverse }) {
      yield* mayRead(key, "history", channel)
      if (after < 0) return yield* failure("bad_request", `after: ${after}, must not be negative`)
      const page = yield* read({
        channel,
        from: { $case: "after", value: after },
        limit: yield* orFail(checkPageSize(limit)),
        maxBytes: 0,
        reverse
      })
      const entries = page.publications.map((bytes) => decodePublication(bytes).publication)
      return {
        position: page.position,
        entries,
        next: page.more ? (entries.at(-1)?.position.offset ?? 0) : 0
      }
    }),
    presence: Effect.fnUntraced(function* (key, { limit, ...request }) {
      yield* orFail(checkRoster(yield* mayRead(key, "presence", request.channel)))
      return yield* roster({ ...request, limit: yield* orFail(checkPageSize(limit)) })
    })
  }
}
