/**
 * ServiceApiDefinition: the publish API over HTTP, as its OpenAPI page tells it.
 *
 * The same requests and answers as `weir.api.v1` over gRPC, in the JSON of the client
 * protocol: `encoding` beside `data` says whether it is text or base64.
 */
import { dataFields } from "@weir/wire/JsonData"
import { Schema } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSecurity,
  OpenApi
} from "effect/http-api"

const natural = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))

const Channel = Schema.String.annotate({ description: "`namespace:name`, at most 255 bytes" })

const data = {
  ...dataFields,
  data: dataFields.data.annotate({ description: "Any JSON value; with `encoding`, a string" })
}

export const PublishBody = Schema.Struct({
  channel: Channel,
  ...data,
  messageId: Schema.optionalKey(
    Schema.String.annotate({
      description:
        "At most 64 bytes. Repeating it within the window publishes nothing new and returns the first position"
    })
  ),
  key: Schema.optionalKey(
    Schema.String.annotate({
      description:
        "At most 64 bytes. Where a namespace conflates by key, a client that reads slowly is given only the newest of each"
    })
  )
})

export const BatchBody = Schema.Struct({
  publications: Schema.Array(PublishBody).annotate({ description: "At most 256" })
})

const Position = Schema.Struct({ epoch: Schema.String, term: natural, offset: natural }).annotate({
  identifier: "Position",
  description: "A place in a channel's log"
})

const Published = Schema.Struct({
  position: Position,
  duplicate: Schema.Boolean.annotate({ description: "An earlier message with this id was found" })
})

const refusal = {
  code: Schema.String.annotate({
    description: "From the closed table of failures in docs/protocol.md"
  }),
  message: Schema.String.annotate({ description: "For people: names the field and the limit" }),
  retryAfterMs: Schema.Int.annotate({
    description: "When another try makes sense; 0: at once, or never"
  })
}

const refused = (status: number, description: string) =>
  Schema.Struct(refusal).annotate({ httpApiStatus: status, description })

const refusals = [
  refused(400, "The request is malformed; the message names the field"),
  refused(401, "The API key is missing or unknown"),
  refused(403, "The key allows no such thing on this channel"),
  refused(404, "The configuration has no such namespace"),
  refused(413, "The data is larger than the limit"),
  refused(429, "A limit is reached; `Retry-After` says when to come back"),
  refused(503, "Try again, with the same message id"),
  refused(504, "No answer in time; try again, with the same message id")
]

/** Each door reads the header itself; this is for whoever reads the page. */
export class Key extends HttpApiMiddleware.Service<Key>()("weir/connector/Key", {
  security: { key: HttpApiSecurity.bearer }
}) {}

/** What does not fit the schemas above is refused in our own words. */
export class Shape extends HttpApiMiddleware.Service<Shape>()("weir/connector/Shape") {}

export const HistoryQuery = Schema.Struct({
  channel: Channel,
  after: Schema.optionalKey(
    natural.annotate({
      description:
        "Begin after this offset, or before it when `reverse`; 0: from the end that comes first"
    })
  ),
  limit: Schema.optionalKey(
    natural.annotate({ description: "At most this many, up to 1,000; 100 when absent" })
  ),
  reverse: Schema.optionalKey(
    Schema.Literals(["true", "false"]).annotate({ description: "Newest first" })
  )
})

export const PresenceQuery = Schema.Struct({
  channel: Channel,
  counts: Schema.optionalKey(
    Schema.Literals(["true", "false"]).annotate({ description: "Only the counts" })
  ),
  limit: Schema.optionalKey(
    natural.annotate({ description: "At most this many members, up to 1,000; 100 when absent" })
  ),
  after: Schema.optionalKey(
    Schema.String.annotate({ description: "The `next` of the page before" })
  )
})

const publish = HttpApiEndpoint.post("publish", "/v1/publish", {
  payload: PublishBody,
  success: Published,
  error: refusals
}).annotateMerge(
  OpenApi.annotations({
    summary: "Publish one message",
    description: "Answered when the message is in the log."
  })
)

const publishBatch = HttpApiEndpoint.post("publishBatch", "/v1/publish/batch", {
  payload: BatchBody,
  success: Schema.Struct({
    results: Schema.Array(
      Schema.Union([
        Schema.Struct({ published: Published }),
        Schema.Struct({ error: Schema.Struct(refusal) })
      ])
    ).annotate({ description: "One for each publication, in their order" })
  }),
  error: refusals
}).annotateMerge(
  OpenApi.annotations({
    summary: "Publish to several channels",
    description: "Each is answered for itself; one channel's are appended in their order."
  })
)

const history = HttpApiEndpoint.get("history", "/v1/history", {
  query: HistoryQuery,
  success: Schema.Struct({
    channel: Channel,
    position: Position,
    publications: Schema.Array(
      Schema.Struct({
        channel: Channel,
        position: Position,
        messageId: Schema.optionalKey(Schema.String),
        key: Schema.optionalKey(Schema.String),
        publisher: Schema.String,
        publishedAt: natural.annotate({ description: "Unix milliseconds" }),
        ...data
      })
    ),
    next: natural.annotate({
      description: "The `after` of the next page; 0: this was the last one"
    })
  }),
  error: refusals
}).annotateMerge(OpenApi.annotations({ summary: "Read what a channel's log still holds" }))

const presence = HttpApiEndpoint.get("presence", "/v1/presence", {
  query: PresenceQuery,
  success: Schema.Struct({
    channel: Channel,
    members: Schema.Array(
      Schema.Struct({
        id: Schema.String,
        user: Schema.String,
        joinedAt: natural.annotate({ description: "Unix milliseconds" }),
        ...data
      })
    ),
    memberCount: natural,
    userCount: natural,
    next: Schema.String.annotate({
      description: "The `after` of the next page; empty: this was the last one"
    })
  }),
  error: refusals
}).annotateMerge(OpenApi.annotations({ summary: "Read who is in a channel" }))

export class ServiceApiGroup extends HttpApiGroup.make("services")
  .add(publish, publishBatch, history, presence)
  .middleware(Key)
  .middleware(Shape)
  .annotateMerge(OpenApi.annotations({ title: "Publish API" })) {}

export class ServiceApiDefinition extends HttpApi.make("weir")
  .add(ServiceApiGroup)
  .annotateMerge(
    OpenApi.annotations({
      title: "Weir",
      version: "1",
      description:
        "How services publish and look at channels. Send `authorization: Bearer <API key>`. The same API over gRPC is faster, and has streams."
    })
  ) {}
