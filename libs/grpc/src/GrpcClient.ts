/**
 * GrpcClient: a service elsewhere, as Effects and Streams.
 *
 * One HTTP/2 connection per client, opened on the first call and again after a
 * loss; every call fails with our own `Failure`.
 */
import * as grpc from "@grpc/grpc-js"
import { Failure, failure } from "@weir/core/Failure"
import { Effect, type Scope, Stream } from "effect"
import { type Duplex, fromCall } from "./Duplex.ts"
import {
  decodeMessage,
  encodeMessage,
  type MethodDefinition,
  type RequestOf,
  type ResponseOf,
  rawMethod,
  type ServiceDefinition
} from "./ServiceDefinition.ts"
import { outsideFailure, toFailure } from "./Status.ts"

export interface CallOptions {
  /** Milliseconds from now; a unary call without one has 5 s. */
  readonly deadlineMs?: number
  readonly metadata?: Readonly<Record<string, string>>
  /** Waits for a connection, until the deadline, where there is none: for a peer that just began. */
  readonly waitForReady?: boolean
}

export type Method<M extends MethodDefinition> = M["requestStream"] extends true
  ? (
      options?: CallOptions
    ) => Effect.Effect<Duplex<ResponseOf<M>, RequestOf<M>>, Failure, Scope.Scope>
  : M["responseStream"] extends true
    ? (request: RequestOf<M>, options?: CallOptions) => Stream.Stream<ResponseOf<M>, Failure>
    : (request: RequestOf<M>, options?: CallOptions) => Effect.Effect<ResponseOf<M>, Failure>

export type GrpcClient<D extends ServiceDefinition> = {
  readonly [name in keyof D["methods"]]: Method<D["methods"][name]>
}

const defaultDeadlineMs = 5_000

/**
 * grpc-js's own values are made for the internet: it waits up to 20 s before it
 * tries a peer again, sends no keepalive, and would go through an HTTP proxy.
 */
const channelOptions: grpc.ChannelOptions = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.enable_http_proxy": 0,
  "grpc.use_local_subchannel_pool": 1
}

const meshOptions: grpc.ChannelOptions = {
  ...channelOptions,
  "grpc.keepalive_time_ms": 2_000,
  "grpc.keepalive_timeout_ms": 1_500,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.max_receive_message_length": 16 * 1024 * 1024,
  // The side that receives the fan-out is the client, because only a client can widen its window.
  "grpc-node.flow_control_window": 4 * 1024 * 1024
}

/** Who is called: how its connection is kept, and what its statuses mean. */
export interface Peer {
  readonly options: grpc.ChannelOptions
  readonly failureOf: (error: unknown) => Failure
}

const mesh: Peer = { options: meshOptions, failureOf: toFailure }

/**
 * A program of somebody else's. No keepalive: many servers end a connection that is pinged as
 * often as we ping our own.
 */
export const outside: Peer = { options: channelOptions, failureOf: outsideFailure }

const metadataOf = (options: CallOptions): grpc.Metadata => {
  const metadata = new grpc.Metadata({ waitForReady: options.waitForReady === true })
  for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value)
  return metadata
}

const deadlineOf = (deadlineMs: number | undefined): grpc.CallOptions =>
  deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }

/** How long a bidirectional call waits for its connection. */
const connectDeadlineMs = 1_000

/**
 * Opened only on a connection that is there: what is written to a call that has none counts
 * as sent, and is lost.
 */
const connected = (client: grpc.Client): Effect.Effect<void, Failure> =>
  Effect.callback((resume) => {
    client.waitForReady(Date.now() + connectDeadlineMs, (error) =>
      resume(
        error === undefined
          ? Effect.void
          : Effect.fail(failure("unavailable", "a node that this needs cannot be reached", 100))
      )
    )
  })

const unary = (
  client: grpc.Client,
  service: ServiceDefinition,
  method: MethodDefinition,
  { failureOf }: Peer
) => {
  const { path, requestSerialize, responseDeserialize } = rawMethod(service, method)
  return (request: unknown, options: CallOptions = {}): Effect.Effect<unknown, Failure> =>
    Effect.callback((resume) => {
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        encodeMessage(method.requestType, request),
        metadataOf(options),
        deadlineOf(options.deadlineMs ?? defaultDeadlineMs),
        (error, bytes) => {
          if (error) return resume(Effect.fail(failureOf(error)))
          const response = decodeMessage(method.responseType, bytes ?? new Uint8Array())
          resume(response instanceof Failure ? Effect.fail(response) : Effect.succeed(response))
        }
      )
      return Effect.sync(() => call.cancel())
    })
}

const serverStream =
  (client: grpc.Client, service: ServiceDefinition, method: MethodDefinition) =>
  (request: unknown, options: CallOptions = {}): Stream.Stream<unknown, Failure> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const { path, requestSerialize, responseDeserialize } = rawMethod(service, method)
        const call = yield* Effect.acquireRelease(
          Effect.sync(() =>
            client.makeServerStreamRequest(
              path,
              requestSerialize,
              responseDeserialize,
              encodeMessage(method.requestType, request),
              metadataOf(options),
              deadlineOf(options.deadlineMs)
            )
          ),
          (it) => Effect.sync(() => it.cancel())
        )
        const { inbound } = yield* fromCall(
          call as unknown as grpc.ClientDuplexStream<Buffer, Buffer>,
          method.responseType,
          method.requestType
        )
        return inbound
      })
    )

const bidirectional =
  (client: grpc.Client, service: ServiceDefinition, method: MethodDefinition) =>
  (options: CallOptions = {}) =>
    Effect.gen(function* () {
      const { path, requestSerialize, responseDeserialize } = rawMethod(service, method)
      yield* connected(client)
      const call = yield* Effect.acquireRelease(
        Effect.sync(() =>
          client.makeBidiStreamRequest(
            path,
            requestSerialize,
            responseDeserialize,
            metadataOf(options),
            deadlineOf(options.deadlineMs)
          )
        ),
        (it) => Effect.sync(() => it.cancel())
      )
      return yield* fromCall(call, method.responseType, method.requestType)
    })

/** A client of the service at `address`, closed with the scope. */
export const make = Effect.fnUntraced(function* <D extends ServiceDefinition>(
  definition: D,
  address: string,
  peer: Peer = mesh
): Effect.fn.Return<GrpcClient<D>, never, Scope.Scope> {
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => new grpc.Client(address, grpc.credentials.createInsecure(), peer.options)),
    (it) => Effect.sync(() => it.close())
  )
  const methods = Object.entries(definition.methods).map(([name, method]) => {
    const kind = method.requestStream ? bidirectional : method.responseStream ? serverStream : unary
    return [name, kind(client, definition, method, peer)]
  })
  return Object.fromEntries(methods) as GrpcClient<D>
})
