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
import { Effect, Exit, Latch, type Scope, Stream } from "effect"
import { keepOpen } from "./KeepOpen.ts"

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

export const make = Effect.fnUntraced(function* <Request, Response, In, Out>(
  options: CorrelatedOptions<Request, Response, In, Out>
): Effect.fn.Return<Ask<Request, Response>, never, Scope.Scope> {
  const { capacity, peer } = options
  /** Everybody who waits, in the order asked. */
  const unanswered = new Map<number, (result: Exit.Exit<Response, Failure>) => void>()
  /** Those of them whose request has not left yet. Who stops waiting before is never sent. */
  const unsent = new Map<number, Request>()
  const wake = yield* Latch.make()
  let lastId = 0

  /** What left with a stream is answered by that stream, or fails with it. */
  const failSent = (refused: Failure) => {
    for (const [id, answer] of unanswered) {
      if (unsent.has(id)) continue
      unanswered.delete(id)
      answer(Exit.fail(refused))
    }
  }

  const takeUnsent = () => {
    const batch: Array<{ readonly id: number; readonly request: Request }> = []
    for (const [id, request] of unsent) {
      if (batch.length === options.batchSize) break
      unsent.delete(id)
      batch.push({ id, request })
    }
    if (unsent.size === 0) wake.closeUnsafe()
    return batch
  }

  const session = Effect.gen(function* () {
    const duplex = yield* options.open
    const write = wake.await.pipe(
      // One turn of the event loop: what is asked in it leaves as one message.
      Effect.andThen(Effect.yieldNow),
      Effect.flatMap(() => {
        const batch = takeUnsent()
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
    )
    yield* Effect.raceFirst(write, read)
  })

  yield* keepOpen({
    name: `requests to ${peer}`,
    session,
    onLost: () => failSent(failure("unavailable", `${peer}: lost; the outcome is unknown`, 100))
  }).pipe(Effect.forkScoped)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      unsent.clear()
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
      unsent.set(id, request)
      wake.openUnsafe()
      return Effect.sync(() => {
        unanswered.delete(id)
        unsent.delete(id)
      })
    })
})
