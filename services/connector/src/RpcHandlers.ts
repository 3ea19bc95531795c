/**
 * RpcHandlers: gives a client's request to the backend that answers its method.
 *
 * A backend is asked once: whether that did something nobody here can know. One that fails again
 * and again is not asked for a while, and what it holds up is bounded.
 */
import type { RpcHandlerSettings } from "@weir/config/Settings"
import { checkContent } from "@weir/core/Content"
import { Failure, failure, failureOf, orFail } from "@weir/core/Failure"
import type { CallRequest, CallResponse } from "@weir/proto/api/v1/rpc"
import { Cause, Duration, Effect, Exit, Schedule, type Scope } from "effect"
import { CircuitBreaker } from "effect/persistence"
import { rpcCalls } from "./ConnectorMetrics.ts"
import { checkMethod, handlerFor } from "./domain/RpcMethod.ts"
import type { RpcBackend } from "./RpcBackend.ts"

export interface RpcHandlers {
  readonly call: (request: CallRequest) => Effect.Effect<CallResponse, Failure>
}

/** Of one handler on this node: what is slow there must not take the memory here. */
const maxInFlight = 64

/** So many that failed in a row: the next is not asked. */
const failuresInARow = 5

/** For how long, from one time in a row to the next. */
const pauses = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")])

const breaking = CircuitBreaker.make({
  tripPolicy: CircuitBreaker.consecutive(failuresInARow),
  openDuration: pauses
})

/** A refusal is an answer; only silence and trouble speak against the backend. */
const outcomeOf = (exit: Exit.Exit<unknown, Failure>): CircuitBreaker.Outcome => {
  if (Exit.isSuccess(exit)) return CircuitBreaker.success
  const { code } = failureOf(exit)
  if (code === "unavailable" || code === "timeout") return CircuitBreaker.failure()
  return code === "too_many_requests" ? CircuitBreaker.ignored : CircuitBreaker.success
}

const brokenFor = ({ reason }: CircuitBreaker.CircuitBreakerError, methods: string): Failure =>
  failure(
    "unavailable",
    `the backend of ${methods} has failed repeatedly`,
    reason._tag === "CircuitOpen" ? Math.ceil(Duration.toMillis(reason.retryAfter)) : 500
  )

const checkAnswer = (
  { contentType, data }: CallResponse,
  limitBytes: number
): CallResponse | Failure => {
  if (data.byteLength === 0) return { contentType, data }
  const content = checkContent(contentType, data, limitBytes)
  if (!(content instanceof Failure)) return { contentType, data: content }
  const code = content.code === "payload_too_large" ? content.code : "unavailable"
  return failure(code, `the backend's answer: ${content.message}`)
}

const makeHandler = Effect.fnUntraced(function* (
  { methods, timeoutMs }: RpcHandlerSettings,
  backend: RpcBackend,
  limitBytes: number
) {
  const breaker = yield* Effect.provide(breaking, CircuitBreaker.layerStoreMemory())
  const count = rpcCalls(methods)
  let inFlight = 0

  const ask = (request: CallRequest) => {
    const asked = Effect.flatMap(backend.call(request, timeoutMs), (answer) =>
      orFail(checkAnswer(answer, limitBytes))
    )
    return breaker.execute(asked, { key: methods, classify: outcomeOf }).pipe(
      Effect.catchTag("CircuitBreakerError", (it) => Effect.fail(brokenFor(it, methods))),
      Effect.ensuring(
        Effect.sync(() => {
          inFlight--
        })
      )
    )
  }

  const call = (request: CallRequest): Effect.Effect<CallResponse, Failure> =>
    Effect.suspend(() => {
      if (inFlight >= maxInFlight) {
        return Effect.fail(
          failure("too_many_requests", `${maxInFlight} calls of ${methods} are unanswered`, 100)
        )
      }
      inFlight++
      return ask(request)
    }).pipe(Effect.onExit((exit) => Effect.sync(() => count(resultOf(exit)).add())))

  return { methods, call }
})

const resultOf = (exit: Exit.Exit<unknown, Failure>): string => {
  if (Exit.isSuccess(exit)) return "ok"
  return Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : failureOf(exit).code
}

export const make = Effect.fnUntraced(function* (options: {
  readonly handlers: ReadonlyArray<RpcHandlerSettings>
  readonly backendOf: (handler: RpcHandlerSettings) => Effect.Effect<RpcBackend, never, Scope.Scope>
  /** The largest answer. */
  readonly limitBytes: number
}) {
  const handlers = yield* Effect.forEach(options.handlers, (settings) =>
    Effect.flatMap(options.backendOf(settings), (backend) =>
      makeHandler(settings, backend, options.limitBytes)
    )
  )
  const call: RpcHandlers["call"] = (request) => {
    const { method } = request
    const refused = checkMethod(method)
    if (refused !== undefined) return Effect.fail(refused)
    const handler = handlerFor(handlers, method)
    if (handler !== undefined) return handler.call(request)
    const message = `method: nobody answers ${method}: name a handler under rpc in weir.json`
    return Effect.fail(failure("unknown_type", message))
  }
  return { call } satisfies RpcHandlers
})
