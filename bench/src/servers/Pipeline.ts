/**
 * Pipeline: what the two processes of the bare pipeline say to each other.
 *
 * Publications enter at the hub, by the methods of Weir's own publish API, go on over a
 * gRPC server stream to the edge, and from there to WebSockets: the way of a publication
 * through Weir, with nothing on it but the libraries. No order over restarts, no log,
 * no backpressure, no tokens.
 */
import type * as grpc from "@grpc/grpc-js"
import {
  PublishRequest,
  PublishResponse,
  PublishStreamRequest,
  PublishStreamResponse
} from "@weir/proto/api/v1/publish"
import { publishPath, publishStreamPath } from "../driver/PublishApi.ts"

interface Codec<T> {
  readonly encode: (message: T) => { finish(): Uint8Array }
  readonly decode: (bytes: Uint8Array) => T
}

const writer =
  <T>({ encode }: Codec<T>) =>
  (message: T): Buffer =>
    Buffer.from(encode(message).finish())

const reader =
  <T>({ decode }: Codec<T>) =>
  (bytes: Buffer): T =>
    decode(bytes)

const method = <Request, Response>(
  path: string,
  request: Codec<Request>,
  response: Codec<Response>,
  streams: { readonly request: boolean; readonly response: boolean }
): grpc.MethodDefinition<Request, Response> => ({
  path,
  requestStream: streams.request,
  responseStream: streams.response,
  requestSerialize: writer(request),
  requestDeserialize: reader(request),
  responseSerialize: writer(response),
  responseDeserialize: reader(response)
})

export const publishMethod = method(publishPath, PublishRequest, PublishResponse, {
  ...{ request: false, response: false }
})

export const publishStreamMethod = method(
  publishStreamPath,
  PublishStreamRequest,
  PublishStreamResponse,
  { request: true, response: true }
)

/** From hub to edge: all that is published, in the messages in which it came. */
export const followMethod = method(
  "/bench.v1.Pipeline/Follow",
  PublishRequest,
  PublishStreamRequest,
  { request: false, response: true }
)
