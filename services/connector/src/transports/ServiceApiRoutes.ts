/**
 * ServiceApiRoutes: the publish API over HTTP: decode, call one verb, encode.
 *
 * Bodies are read and written here and not by the schemas of the definition, which would
 * round the numbers in a publication's data.
 */
import type { ApiKey } from "@weir/core/ApiKey"
import { Failure, failure, failureOf, orFail } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import { PresenceNodes } from "@weir/mesh/PresenceNodes"
import { Routers } from "@weir/mesh/Routers"
import { checkBatchSize, make as makeServiceApi, type ServiceApi } from "@weir/mesh/ServiceApi"
import { firstIssue } from "@weir/wire/FirstIssue"
import { readData } from "@weir/wire/JsonData"
import { parseJson } from "@weir/wire/ParseJson"
import { payloadJson } from "@weir/wire/ServerFrames"
import { ByteSize, Effect, Layer, Result, Schema } from "effect"
import { HttpIncomingMessage, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder, HttpApiMiddleware, HttpApiSwagger } from "effect/http-api"
import type { ConnectorConfig } from "../ConnectorConfig.ts"
import { apiRequests } from "../ConnectorMetrics.ts"
import { retryAfterOf, statusOf } from "./HttpStatus.ts"
import { BatchBody, Key, PublishBody, ServiceApiDefinition, Shape } from "./ServiceApiDefinition.ts"

export const docsPath = "/v1/docs"

/** Of a body; the same as of a message over gRPC. */
const maxBodyBytes = 4 * 1024 * 1024

const respond = (status: number, json: string, headers: Readonly<Record<string, string>> = {}) => {
  apiRequests(String(status)).add()
  return HttpServerResponse.text(json, { status, headers, contentType: "application/json" })
}

const publishedJson = ({ duplicate, position }: Accepted): string =>
  payloadJson({ $case: "published", value: { position, duplicate } })

const errorJson = ({ code, message, retryAfterMs }: Failure): string =>
  payloadJson({ $case: "error", value: { code, message, retryAfterMs } })

const refuse = (refused: Failure) => {
  const retryAfter = retryAfterOf(refused)
  const retry = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }
  const challenge = refused.code === "unauthenticated" ? { "www-authenticate": "Bearer" } : {}
  return respond(statusOf(refused), errorJson(refused), { ...retry, ...challenge })
}

/** The answer, whatever becomes of it: a defect is logged, and told as nothing but that. */
const answer = (body: Effect.Effect<string, Failure, HttpServerRequest.HttpServerRequest>) =>
  body.pipe(
    Effect.map((json) => respond(200, json)),
    Effect.tapDefect((defect) => Effect.logError("a request of the HTTP API died", defect)),
    Effect.catchCause((cause) => Effect.succeed(refuse(failureOf(cause))))
  )

const utf8 = new TextDecoder("utf-8", { fatal: true })

const readText = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const limit = failure("payload_too_large", `body: limit ${maxBodyBytes} bytes`)
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) return yield* limit
  const bytes = yield* Effect.mapError(request.arrayBuffer, () => limit)
  return yield* Effect.try({
    try: () => utf8.decode(bytes),
    catch: () => failure("bad_request", "body: not valid UTF-8")
  })
}).pipe(Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBodyBytes)))

const readBody = <S extends Schema.Decoder<unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownResult(schema)
  return Effect.flatMap(readText, (text): Effect.Effect<S["Type"], Failure> => {
    let json: unknown
    try {
      json = parseJson(text)
    } catch {
      return Effect.fail(failure("bad_request", "body: not valid JSON"))
    }
    const result = decode(json)
    return Result.isSuccess(result)
      ? Effect.succeed(result.success)
      : Effect.fail(firstIssue(result.failure.issue))
  })
}

const readPublish = readBody(PublishBody)
const readBatch = readBody(BatchBody)

const admit = (api: ServiceApi, key: ApiKey, body: typeof PublishBody.Type, field: string) => {
  const content = readData(body, field)
  if (content instanceof Failure) return content
  return api.admit(key, {
    channel: body.channel,
    messageId: body.messageId ?? "",
    key: body.key ?? "",
    ...content
  })
}

const handlers = (api: ServiceApi, publish: Routers["Service"]["publish"]) => {
  /** Who asks, before anything that was sent is looked at. */
  const caller = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
    orFail(api.authenticate(headers["authorization"]))
  )

  const publishOne = Effect.gen(function* () {
    const key = yield* caller
    const message = yield* orFail(admit(api, key, yield* readPublish, "body"))
    return publishedJson(yield* publish(message))
  })

  const publishBatch = Effect.gen(function* () {
    const key = yield* caller
    const { publications } = yield* readBatch
    const refused = checkBatchSize(publications)
    if (refused !== undefined) return yield* refused
    // All begin in this turn and in their order, which one channel's are appended in.
    const results = yield* Effect.forEach(
      publications,
      (body, index) =>
        orFail(admit(api, key, body, `publications.${index}`)).pipe(
          Effect.flatMap(publish),
          Effect.match({
            onSuccess: (accepted) => `{"published":${publishedJson(accepted)}}`,
            onFailure: (refused) => `{"error":${errorJson(refused)}}`
          })
        ),
      { concurrency: "unbounded" }
    )
    return `{"results":[${results.join(",")}]}`
  })

  return { caller, publishOne, publishBatch }
}

const group = ({ apiKeys: keys, limits, namespaces }: ConnectorConfig) =>
  HttpApiBuilder.group(ServiceApiDefinition, "services", (builder) =>
    Effect.gen(function* () {
      const { publish, read } = yield* Routers
      const { roster } = yield* PresenceNodes
      const { publicationBytes } = limits
      const api = makeServiceApi({ keys, namespaces, publicationBytes, read, roster })
      const { caller, publishBatch, publishOne } = handlers(api, publish)
      return builder
        .handleRaw("publish", () => answer(publishOne))
        .handleRaw("publishBatch", () => answer(publishBatch))
        .handleRaw("history", ({ query }) =>
          answer(
            Effect.gen(function* () {
              const { after = 0, channel, limit = 0, reverse = "false" } = query
              const request = { channel, after, limit, reverse: reverse === "true" }
              const { entries, ...page } = yield* api.history(yield* caller, request)
              const publications = entries.map((entry) => ({ channel, ...entry }))
              return payloadJson({ $case: "history", value: { channel, publications, ...page } })
            })
          )
        )
        .handleRaw("presence", ({ query }) =>
          answer(
            Effect.gen(function* () {
              const { after = "", channel, counts = "false", limit = 0 } = query
              const request = { channel, after, limit, counts: counts === "true" }
              const page = yield* api.presence(yield* caller, request)
              return payloadJson({ $case: "presence", value: { channel, ...page } })
            })
          )
        )
    })
  )

const key = Layer.succeed(Key, { key: (handled) => handled })

const shape = HttpApiMiddleware.layerSchemaErrorTransform(Shape, ({ cause }) =>
  Effect.succeed(refuse(firstIssue(cause.issue)))
)

/** The API at /v1, its OpenAPI document at /v1/openapi.json and a page to try it at /v1/docs. */
export const layer = (config: ConnectorConfig) =>
  Layer.mergeAll(
    HttpApiBuilder.layer(ServiceApiDefinition, { openapiPath: "/v1/openapi.json" }).pipe(
      Layer.provide(group(config)),
      Layer.provide([key, shape])
    ),
    HttpApiSwagger.layer(ServiceApiDefinition, { path: docsPath })
  )
