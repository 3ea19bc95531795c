/**
 * Correlated: many requests over one bidirectional stream, each with its answer.
 *
 * A unary gRPC call costs some 200 µs on both sides; a batch on a standing
 * stream costs that once for everybody who asked in the same turn. The stream
 * is opened again after a loss. Of what had left and was unanswered then, nobody
 * knows whether it happened; what had not left certainly did not.
 */
import { Failure, failure } from "@weir/core/Failure"
import { IdWindow } from "@weir/flow/IdWindow"
import type { Duplex, Source } from "@weir/grpc/Duplex"
import { decodeMessage } from "@weir/grpc/ServiceDefinition"
import { Effect, Exit, type Scope } from "effect"
import { keepOpen } from "./KeepOpen.ts"

/** One of a message: its number is given when it leaves. */
export interface Numbered<Request> {
  readonly id: number
  readonly request: Request
}

export interface CorrelatedOptions<Request, Response, In> {
  /** For the log: who is asked. */
  readonly peer: string
  readonly open: Effect.Effect<
    Pick<Duplex<In, unknown>, "receive" | "writeFrom">,
    Failure,
    Scope.Scope
  >
  /** Those of one key stand together in their message, and are numbered in a row. */
  readonly keyOf?: (request: Request) => string
  readonly encode: (batch: ReadonlyArray<Numbered<Request>>) => Uint8Array
  readonly responseType: { readonly decode: (bytes: Uint8Array) => In }
  /** Calls `settle` for each answer of one message. */
  readonly eachAnswer: (message: In, settle: (id: number, response: Response) => void) => void
  /** How many may be unanswered; one more is answered with `refused`. */
  readonly capacity: number
  /** The most requests in one message. */
  readonly batchSize: number
  /** What a request adds to its message; without it, nothing worth a bound. */
  readonly bytesOf?: (request: Request) => number
  readonly refused: Response
  /** The answer to what had left with a stream that ended. */
  readonly lost: Response
  /** The answer to what had not left then. Without it, those wait for the next stream. */
  readonly unsent?: Response
}

interface Asked<Request, Response> {
  readonly request: Request
  /** Absent once nobody waits. */
  answer: ((response: Response) => void) | undefined
  /** 0 until it leaves; then in the order of leaving. */
  id: number
}

/** Ends the waiting: no answer comes any more. True if the request has not left, and never will. */
export type Cancel = () => boolean

/** Asks; `answer` is called once at most, and maybe at once. Requests leave in the order of calls. */
export type Send<Request, Response> = (
  request: Request,
  answer: (response: Response) => void
) => Cancel

/** Those of one key stand together, in the order in which they came. */
const grouped = <Request, One extends { readonly request: Request }>(
  batch: ReadonlyArray<One>,
  keyOf: (request: Request) => string
): ReadonlyArray<One> => {
  const inOrder: Array<One> = []
  for (const same of Map.groupBy(batch, ({ request }) => keyOf(request)).values()) {
    for (const one of same) inOrder.push(one)
  }
  return inOrder
}

const neverSent: Cancel = () => true

/** A message is full with this much, whatever its count: a quarter of what a peer takes. */
const maxBatchBytes = 4 * 1024 * 1024

export const make = Effect.fnUntraced(function* <Request, Response, In>(
  options: CorrelatedOptions<Request, Response, In>
): Effect.fn.Return<Send<Request, Response>, never, Scope.Scope> {
  const { bytesOf = () => 0, capacity, keyOf, lost, peer, refused } = options
  type One = Asked<Request, Response>
  /** What has left, by id. */
  const sent = new IdWindow<One>()
  /** What has not, from `next` on, and of that some for which nobody waits any more. */
  let unsent: Array<One> = []
  let next = 0
  let waiting = 0
  let closed = false

  const settle = (one: One, response: Response) => {
    const { answer } = one
    if (answer === undefined) return
    one.answer = undefined
    waiting--
    answer(response)
  }

  /** What left with a stream is answered by that stream, or lost with it. */
  const onLost = (notSent: Response | undefined) => {
    const gone = sent.takeAll()
    const rest = unsent.slice(next)
    if (notSent !== undefined) {
      unsent = []
      next = 0
    }
    // Who is answered may ask again, or cancel others.
    for (const one of gone) settle(one, lost)
    if (notSent !== undefined) for (const one of rest) settle(one, notSent)
  }

  const takeUnsent = (): ReadonlyArray<One> => {
    const batch: Array<One> = []
    let bytes = 0
    while (next < unsent.length && batch.length < options.batchSize && bytes < maxBatchBytes) {
      const one = unsent[next++]!
      // Who has stopped waiting is not sent.
      if (one.answer === undefined) continue
      batch.push(one)
      bytes += bytesOf(one.request)
    }
    if (next === unsent.length) {
      unsent = []
      next = 0
    }
    const inOrder = keyOf === undefined ? batch : grouped(batch, keyOf)
    for (const one of inOrder) one.id = sent.add(one)
    return inOrder
  }

  const onAnswer = (id: number, response: Response) => {
    const one = sent.take(id)
    if (one !== undefined) settle(one, response)
  }

  /** What is asked until the work at hand is done leaves as one message. */
  const requests: Source = {
    onItems: () => {},
    take: () => {
      const batch = takeUnsent()
      if (next < unsent.length) requests.onItems()
      return batch.length === 0 ? [] : [options.encode(batch)]
    }
  }

  const session = Effect.gen(function* () {
    const duplex = yield* options.open
    const read = duplex.receive((bytes) => {
      const message = decodeMessage(options.responseType, bytes)
      if (message instanceof Failure) return message
      options.eachAnswer(message, onAnswer)
      return undefined
    })
    yield* Effect.raceFirst(duplex.writeFrom(requests), read)
  })

  yield* keepOpen({
    name: `requests to ${peer}`,
    session,
    onLost: () => onLost(options.unsent)
  }).pipe(Effect.forkScoped)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      closed = true
      onLost(lost)
    })
  )

  return (request, answer) => {
    if (closed || waiting >= capacity) {
      answer(closed ? lost : refused)
      return neverSent
    }
    const one: One = { request, answer, id: 0 }
    waiting++
    // While nothing leaves, those who have stopped waiting must not pile up.
    if (unsent.length >= 2 * capacity) {
      unsent = unsent.slice(next).filter((it) => it.answer !== undefined)
      next = 0
    }
    unsent.push(one)
    requests.onItems()
    return () => {
      if (one.answer === undefined) return false
      one.answer = undefined
      waiting--
      sent.take(one.id)
      return one.id === 0
    }
  }
})

/** What a request fails with that gets no answer from the peer. */
export const failuresOf = (peer: string, capacity: number) => ({
  refused: Exit.fail(failure("too_many_requests", `${peer}: ${capacity} requests unanswered`, 100)),
  lost: Exit.fail(failure("unavailable", `${peer}: lost; the outcome is unknown`, 100))
})
