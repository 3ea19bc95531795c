/**
 * GrpcServer: services on one listener, for as long as a scope is open.
 *
 * Closing the scope interrupts the calls first (endless streams end as
 * UNAVAILABLE, at once), then lets the answers leave, then shuts the listener.
 */
import * as grpc from "@grpc/grpc-js"
import type { Failure } from "@weir/core/Failure"
import { Data, Effect, FiberSet, type Scope } from "effect"
import { type Implementation, rawService } from "./Handlers.ts"
import { makeHealth } from "./Health.ts"
import { reflection } from "./Reflection.ts"

/** The address is taken, or not ours. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly address: string
  readonly message: string
}> {}

export interface GrpcServerOptions<R> {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly services: ReadonlyArray<Implementation<R>>
  /** Answers `grpc.reflection.v1` for these packages' definitions. */
  readonly reflect?: boolean
  /** Messages larger than this are refused before they are decoded. */
  readonly maxMessageBytes?: number
}

export interface GrpcServer {
  readonly address: string
  readonly port: number
}

// It writes to standard error beside our own log; what it says comes back as errors too.
grpc.setLogVerbosity(grpc.logVerbosity.NONE)

/** How long answers may take to leave after the calls have been interrupted. */
const shutdownGrace = "1 second"

export const make = Effect.fnUntraced(function* <R>(
  options: GrpcServerOptions<R>
): Effect.fn.Return<GrpcServer, ListenFailed, R | Scope.Scope> {
  const server = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new grpc.Server({
          "grpc.max_receive_message_length": options.maxMessageBytes ?? 4 * 1024 * 1024,
          "grpc.max_concurrent_streams": 1024,
          "grpc-node.max_session_memory": 64,
          // Counts every call and message for a page that nobody reads: 3 % of a unary call.
          "grpc.enable_channelz": 0,
          // A connector that vanished without a word holds its members and lanes until then.
          "grpc.keepalive_time_ms": 2_000,
          "grpc.keepalive_timeout_ms": 1_500
        })
    ),
    (it) =>
      Effect.callback<void>((resume) => it.tryShutdown(() => resume(Effect.void))).pipe(
        Effect.timeoutOrElse({
          duration: shutdownGrace,
          orElse: () => Effect.sync(() => it.forceShutdown())
        })
      )
  )
  // Made after the server, so that it is released, and its fibers interrupted, before it.
  const run = yield* FiberSet.makeRuntime<R, unknown, Failure>()
  for (const { definition, methods } of options.services) {
    server.addService(rawService(definition), methods(run))
  }
  const health = makeHealth()
  yield* Effect.addFinalizer(() => Effect.sync(health.end))
  const onDemand = options.reflect === true ? [health.service, reflection()] : [health.service]
  for (const { definition, methods } of onDemand) server.addService(definition, methods)
  const host = options.host.includes(":") ? `[${options.host}]` : options.host
  const address = `${host}:${options.port}`
  const port = yield* Effect.callback<number, ListenFailed>((resume) =>
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      resume(
        error
          ? Effect.fail(new ListenFailed({ address, message: error.message }))
          : Effect.succeed(bound)
      )
    )
  )
  return { address: `${host}:${port}`, port }
})
