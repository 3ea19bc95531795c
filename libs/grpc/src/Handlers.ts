/**
 * Handlers: Effects and Streams as the methods of a gRPC service.
 *
 * Each call runs as one fiber of the server, but for one that is `Answering`. Cancellation
 * and deadlines interrupt it; its failures become statuses.
 */
import type * as grpc from "@grpc/grpc-js"
import { Failure } from "@weir/core/Failure"
import { Effect, Exit, type Fiber, type Scope, Stream } from "effect"
import { Answering } from "./Answering.ts"
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
import { toStatus, toStatusFromCause } from "./Status.ts"

/** What a handler may know of its caller. */
export interface CallInfo {
  /** The first value of this metadata key. */
  readonly metadata: (key: string) => string | undefined
  /** Its IP address; empty where it has none. */
  readonly address: string
}

export type Handler<M extends MethodDefinition, R> = M["requestStream"] extends true
  ? (
      duplex: Duplex<RequestOf<M>, ResponseOf<M>>,
      call: CallInfo
    ) => Effect.Effect<void, Failure, R | Scope.Scope>
  : M["responseStream"] extends true
    ? (request: RequestOf<M>, call: CallInfo) => Stream.Stream<ResponseOf<M>, Failure, R>
    : (
        request: RequestOf<M>,
        call: CallInfo
      ) => Effect.Effect<ResponseOf<M>, Failure, R> | Answering<ResponseOf<M>>

export type Handlers<D extends ServiceDefinition, R> = {
  readonly [name in keyof D["methods"]]: Handler<D["methods"][name], R>
}

/** A service and what answers it, ready for a server. */
export interface Implementation<R> {
  readonly definition: ServiceDefinition
  readonly methods: (run: RunFork<R>) => grpc.UntypedServiceImplementation
}

export type RunFork<R> = (
  effect: Effect.Effect<unknown, Failure, R>
) => Fiber.Fiber<unknown, Failure>

const callInfo = (call: grpc.ServerUnaryCall<Buffer, Buffer> | RawStream): CallInfo => ({
  metadata: (key) => call.metadata.get(key)[0]?.toString(),
  get address() {
    const peer = call.getPeer()
    return peer.slice(0, Math.max(0, peer.lastIndexOf(":"))).replace(/^\[|\]$/g, "")
  }
})

type RawStream = grpc.ServerWritableStream<Buffer, Buffer> | grpc.ServerDuplexStream<Buffer, Buffer>

// biome-ignore lint/suspicious/noExplicitAny: message types are checked by `implement`'s signature
type AnyHandler = (...args: ReadonlyArray<any>) => any

const unary =
  <R>(method: MethodDefinition, handler: AnyHandler, run: RunFork<R>) =>
  (call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) => {
    const request = decodeMessage(method.requestType, call.request)
    if (request instanceof Failure) return callback(toStatus(request))
    const answer = (exit: Exit.Exit<unknown, Failure>) => {
      if (Exit.isSuccess(exit)) {
        return callback(null, encodeMessage(method.responseType, exit.value))
      }
      run(logDefect(method, exit))
      callback(toStatusFromCause(exit.cause))
    }
    const handled: Effect.Effect<unknown, Failure, R> | Answering<unknown> = handler(
      request,
      callInfo(call)
    )
    if (handled instanceof Answering) {
      const guarded = (step: () => void) => {
        try {
          step()
        } catch (defect) {
          answer(Exit.die(defect))
        }
      }
      return guarded(() => handled.begin((exit) => guarded(() => answer(exit))))
    }
    const fiber = run(handled)
    // Watched from outside: each step more within the fiber costs what a call should not.
    fiber.addObserver(answer)
    call.on("cancelled", () => fiber.interruptUnsafe())
  }

/** A failure is an answer; anything else is a bug, and this is the only place that sees it. */
const logDefect = (method: MethodDefinition, exit: Exit.Exit<unknown, Failure>) =>
  Exit.isFailure(exit) && exit.cause.reasons.some((reason) => reason._tag === "Die")
    ? Effect.logError("a gRPC handler died", { method: method.name }, exit.cause)
    : Effect.void

const stream =
  <R>(
    method: MethodDefinition,
    serve: (call: RawStream) => Effect.Effect<void, Failure, R | Scope.Scope>,
    run: RunFork<R>
  ) =>
  (call: RawStream) => {
    const fiber = run(
      Effect.exit(Effect.scoped(serve(call))).pipe(
        Effect.tap((exit) => logDefect(method, exit)),
        Effect.map((exit) => {
          if (Exit.isSuccess(exit)) return void call.end()
          if (call.cancelled || call.destroyed) return
          call.emit("error", toStatusFromCause(exit.cause))
        })
      ) as Effect.Effect<void, never, R>
    )
    call.on("cancelled", () => fiber.interruptUnsafe())
    // A peer that vanishes while nobody writes is only seen here.
    call.on("error", () => fiber.interruptUnsafe())
  }

/** Joins a generated definition with a handler for each of its methods. */
export const implement = <D extends ServiceDefinition, R = never>(
  definition: D,
  handlers: Handlers<D, R>
): Implementation<R> => ({
  definition,
  methods: (run) => {
    const methods: grpc.UntypedServiceImplementation = {}
    for (const [name, method] of Object.entries(definition.methods)) {
      const handler = handlers[name] as AnyHandler
      methods[name] = method.requestStream
        ? stream(
            method,
            (call) =>
              Effect.flatMap(
                fromCall(
                  call as grpc.ServerDuplexStream<Buffer, Buffer>,
                  method.requestType,
                  method.responseType
                ),
                (duplex) => handler(duplex, callInfo(call))
              ),
            run
          )
        : method.responseStream
          ? stream(method, (call) => serveStream(method, handler, call), run)
          : unary(method, handler, run)
    }
    return methods
  }
})

const serveStream = Effect.fnUntraced(function* (
  method: MethodDefinition,
  handler: AnyHandler,
  call: RawStream
) {
  const writable = call as grpc.ServerWritableStream<Buffer, Buffer>
  const request = decodeMessage(method.requestType, writable.request)
  if (request instanceof Failure) return yield* request
  const responses: Stream.Stream<unknown, Failure> = handler(request, callInfo(call))
  const { writeAll } = yield* fromCall(
    call as grpc.ServerDuplexStream<Buffer, Buffer>,
    method.requestType,
    method.responseType
  )
  yield* Stream.runForEachArray(responses, writeAll)
})

export const rawService = (definition: ServiceDefinition): grpc.ServiceDefinition =>
  Object.fromEntries(
    Object.entries(definition.methods).map(([name, method]) => [
      name,
      rawMethod(definition, method)
    ])
  )
