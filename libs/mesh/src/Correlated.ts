/**
 * Correlated: many requests over one bidirectional stream, each with its answer.
 *
 * A unary gRPC call costs some 200 µs on both sides; a batch on a standing
 * stream costs that once for everybody who asked in the same turn. The stream
 * is opened again after a loss. Of what had left and was unanswered then, nobody
 * knows whether it happened; what had not left certainly did not.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Duplex } from "@weir/grpc/Duplex"
import { Effect, Exit, Latch, type Scope, Stream } from "effect"
import { keepOpen } from "./KeepOpen.ts"

export interface CorrelatedOptions<Request, Response, In, Out> {
  /** For the log: who is asked. */
  readonly peer: string
  readonly open: Effect.Effect<Duplex<In, Out>, Failure, Scope.Scope>
  readonly toMessage: (
    batch: ReadonlyArray<{ readonly id: number; readonly request: Request }>
  ) => Out
  /** The answers of one message, by id. */
  readonly fromMessage: (
    message: In
  ) => Iterable<{ readonly id: number; readonly result: Response }>
  /** How many may be unanswered; one more is answered with `refused`. */
  readonly capacity: number
  /** The most requests in one message. */
  readonly batchSize: number
  readonly refused: Response
  /** The answer to what had left with a stream that ended. */
  readonly lost: Response
  /** The answer to what had not left then. Without it, those wait for the next stream. */
  readonly unsent?: Response
}

interface Unsent<Request> {
  readonly id: number
  readonly request: Request
}

/** Ends the waiting: no answer comes any more. True if the request has not left, and never will. */
export type Cancel = () => boolean

/** Asks; `answer` is called once at most, and maybe at once. Requests leave in the order of calls. */
export type Send<Request, Response> = (
  request: Request,
  answer: (response: Response) => void
) => Cancel

const neverSent: Cancel = () => true

export const make = Effect.fnUntraced(function* <Request, Response, In, Out>(
  options: CorrelatedOptions<Request, Response, In, Out>
): Effect.fn.Return<Send<Request, Response>, never, Scope.Scope> {
  const { capacity, lost, peer, refused, unsent: notSent } = options
  /** Everybody who waits, in the order asked. */
  const unanswered = new Map<number, (response: Response) => void>()
  /** Of those and of who has stopped waiting: the requests that have not left, from `next` on. */
  let unsent: Array<Unsent<Request>> = []
  let next = 0
  /** All up to this one have left, or never will. */
  let lastSent = 0
  const wake = yield* Latch.make()
  let lastId = 0
  let closed = false

  /** What left with a stream is answered by that stream, or lost with it. */
  const onLost = () => {
    // A copy: who is answered may ask again, or cancel others.
    for (const id of [...unanswered.keys()]) {
      const answer = unanswered.get(id)
      const response = id > lastSent ? notSent : lost
      if (answer === undefined || response === undefined) continue
      unanswered.delete(id)
      answer(response)
    }
  }

  const takeUnsent = (): ReadonlyArray<Unsent<Request>> => {
    const batch: Array<Unsent<Request>> = []
    while (next < unsent.length && batch.length < options.batchSize) {
      const one = unsent[next++]!
      lastSent = one.id
      // Who has stopped waiting is not sent.
      if (unanswered.has(one.id)) batch.push(one)
    }
    if (next < unsent.length) return batch
    unsent = []
    next = 0
    wake.closeUnsafe()
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

  yield* keepOpen({ name: `requests to ${peer}`, session, onLost }).pipe(Effect.forkScoped)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      closed = true
      lastSent = lastId
      onLost()
    })
  )

  return (request, answer) => {
    if (closed || unanswered.size >= capacity) {
      answer(closed ? lost : refused)
      return neverSent
    }
    const id = ++lastId
    unanswered.set(id, answer)
    // While nothing leaves, those who have stopped waiting must not pile up.
    if (unsent.length >= 2 * capacity) {
      unsent = unsent.filter(({ id }) => id > lastSent && unanswered.has(id))
      next = 0
    }
    unsent.push({ id, request })
    wake.openUnsafe()
    return () => unanswered.delete(id) && id > lastSent
  }
})

/** What a request fails with that gets no answer from the peer. */
export const failuresOf = (peer: string, capacity: number) => ({
  refused: Exit.fail(failure("too_many_requests", `${peer}: ${capacity} requests unanswered`, 100)),
  lost: Exit.fail(failure("unavailable", `${peer}: lost; the outcome is unknown`, 100))
})

/** Asks, and waits for the answer at most as long as the caller does. */
export const asking =
  <Request, Response>(send: Send<Request, Exit.Exit<Response, Failure>>) =>
  (request: Request): Effect.Effect<Response, Failure> =>
    Effect.callback((resume) => {
      const cancel = send(request, resume)
      return Effect.sync(() => {
        cancel()
      })
    })
