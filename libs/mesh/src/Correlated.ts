/**
 * Correlated: many requests over one bidirectional stream, each with its answer.
 *
 * A unary gRPC call costs some 200 µs on both sides; a batch on a standing
 * stream costs that once for everybody who asked in the same turn. The stream
 * is opened again after a loss. What was unanswered then fails as `unavailable`:
 * whether it happened is unknown, and the caller's id makes asking again safe.
 */

import { type Failure, failure } from "@weir/core/Failure"
import type { Duplex } from "@weir/grpc/Duplex"
import { Effect, Exit, Queue, Schedule, type Scope, Stream } from "effect"

export interface CorrelatedOptions<Request, Response, In, Out> {
  /** For messages: what cannot be reached. */
  readonly peer: string
  readonly open: Effect.Effect<Duplex<In, Out>, never, Scope.Scope>
  readonly toMessage: (
    batch: ReadonlyArray<{ readonly id: number; readonly request: Request }>
  ) => Out
  /** The answers of one message, by id. */
  readonly fromMessage: (
    message: In
  ) => Iterable<{ readonly id: number; readonly result: Exit.Exit<Response, Failure> }>
  /** How many may be unanswered; one more is refused. */
  readonly capacity: number
  /** The most requests in one message. */
  readonly batchSize: number
}

/** Asks, and waits for the answer at most as long as the caller does. */
export type Ask<Request, Response> = (request: Request) => Effect.Effect<Response, Failure>

const reconnect = Schedule.min([
  Schedule.exponential("50 millis"),
  Schedule.spaced("1 second")
]).pipe(Schedule.jittered)

export const make = Effect.fnUntraced(function* <Request, Response, In, Out>(
  options: CorrelatedOptions<Request, Response, In, Out>
): Effect.fn.Return<Ask<Request, Response>, never, Scope.Scope> {
  const { capacity, peer } = options
  type Waiting = (result: Exit.Exit<Response, Failure>) => void
  const outgoing = yield* Queue.dropping<{ readonly id: number; readonly request: Request }>(
    capacity
  )
  /** In the order asked. What left with a stream is answered by that stream or fails with it. */
  const unanswered = new Map<number, Waiting>()
  let sentUpTo = 0
  let lastId = 0

  const failSent = (refused: Failure) => {
    for (const [id, answer] of unanswered) {
      if (id > sentUpTo) break
      unanswered.delete(id)
      answer(Exit.fail(refused))
    }
  }

  const session = Effect.gen(function* () {
    const duplex = yield* options.open
    const write = Queue.takeBetween(outgoing, 1, options.batchSize).pipe(
      Effect.map((batch) => batch.filter(({ id }) => unanswered.has(id))),
      Effect.tap((batch) => {
        sentUpTo = batch.at(-1)?.id ?? sentUpTo
        return batch.length === 0 ? Effect.void : duplex.writeAll([options.toMessage(batch)])
      }),
      Effect.forever({ disableYield: true })
    )
    const read = Stream.runForEachArray(duplex.inbound, (messages) =>
      Effect.sync(() => {
        for (const message of messages) {
          for (const { id, result } of options.fromMessage(message)) {
            const answer = unanswered.get(id)
            unanswered.delete(id)
            answer?.(result)
          }
        }
      })
    ).pipe(Effect.andThen(Effect.fail(failure("unavailable", `${peer}: the stream has ended`))))
    yield* Effect.raceFirst(write, read)
  })

  yield* Effect.scoped(session).pipe(
    Effect.tapError((refused) =>
      Effect.andThen(
        Effect.sync(() =>
          failSent(failure("unavailable", `${peer}: lost; the outcome is unknown`))
        ),
        Effect.logDebug("mesh stream lost", { peer, why: refused.message })
      )
    ),
    Effect.retry(reconnect),
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      sentUpTo = lastId
      failSent(failure("unavailable", `${peer}: shutting down`))
    })
  )

  return (request) =>
    Effect.callback((resume) => {
      if (unanswered.size >= capacity) {
        return resume(
          Effect.fail(failure("too_many_requests", `${peer}: ${capacity} requests unanswered`, 100))
        )
      }
      const id = ++lastId
      unanswered.set(id, (result) => resume(result))
      Queue.offerUnsafe(outgoing, { id, request })
      return Effect.sync(() => {
        unanswered.delete(id)
      })
    })
})
