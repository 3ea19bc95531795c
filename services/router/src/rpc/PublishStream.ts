/**
 * PublishStream: one publisher's publications, many on their way at once, in order.
 *
 * Reads on while what is undecided is within its bound, then flow control reaches the
 * publisher. A refusal holds back what is behind it, here or still on its way. Callbacks: with
 * a fiber to read and one to answer, those took a tenth of what a router needs for a publication
 * that comes alone.
 */
import { Failure, failureOf } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import { SendOrder } from "@weir/core/SendOrder"
import { endOfTurn } from "@weir/flow/EndOfTurn"
import { monotonicMs } from "@weir/flow/Monotonic"
import type { Duplex, Source } from "@weir/grpc/Duplex"
import { decodeMessage, encodeMessage } from "@weir/grpc/ServiceDefinition"
import { checkBatchSize } from "@weir/mesh/ServiceApi"
import {
  type PublishRequest,
  PublishStreamRequest,
  PublishStreamResponse
} from "@weir/proto/api/v1/publish"
import { Clock, Effect, Exit, Latch } from "effect"
import { Arrivals } from "./Arrivals.ts"
import { Batch } from "./Batch.ts"

/**
 * Undecided on one stream before it stops reading: so many that a log's round trip is not waited
 * for after each message, so few that four such streams fit one channel's line.
 */
const maxUndecided = 512

export interface PublishStreamDeps {
  /** The message as it will be appended, or why it is refused. */
  readonly admit: (request: PublishRequest) => Message | Failure
  readonly enqueue: (message: Message, decide: (exit: Exit.Exit<Accepted, Failure>) => void) => void
}

/** One message's worth of it, and those of it that were refused. */
interface Unanswered {
  readonly batch: Batch
  readonly refused: ReadonlyArray<PublishRequest>
}

export type PublishCall = Pick<
  Duplex<PublishStreamRequest, PublishStreamResponse>,
  "pause" | "receive" | "resume" | "writeFrom"
>

/** An empty message counts, too: its answer has to be kept. */
const weightOf = ({ results }: Batch): number => Math.max(1, results.length)

const publicationsOf = (bytes: Uint8Array): ReadonlyArray<PublishRequest> | Failure => {
  const request = decodeMessage(PublishStreamRequest, bytes)
  if (request instanceof Failure) return request
  return checkBatchSize(request.publications) ?? request.publications
}

export const publishStream = Effect.fnUntraced(function* (
  call: PublishCall,
  { admit, enqueue }: PublishStreamDeps
) {
  const clock = yield* Clock.Clock
  const order = new SendOrder()
  const arrivals = new Arrivals(monotonicMs(clock))
  const unanswered: Array<Unanswered> = []
  /** Open while there are none. */
  const allAnswered = yield* Latch.make(true)
  /** Publications in them. */
  let undecided = 0
  /** Of this stream's messages: before the next one comes, there must be room for as much. */
  let largest = 1
  let isPaused = false
  const isFull = () => undecided > maxUndecided - largest

  const answerDecided = () => {
    if (unanswered[0]?.batch.isDecided) answers.onItems()
  }

  const begin = (requests: ReadonlyArray<PublishRequest>) => {
    const batch = new Batch(requests.length, answerDecided)
    const refused: Array<PublishRequest> = []
    requests.forEach((request, index) => {
      const { channel, messageId } = request
      const place = order.next()
      const held = order.check(channel, messageId, arrivals.time)
      const message = held ?? admit(request)
      const decide = (exit: Exit.Exit<Accepted, Failure>) => {
        if (Exit.isFailure(exit) && held === undefined) {
          order.refused(channel, messageId, place, failureOf(exit))
          refused.push(request)
        }
        batch.decide(index, exit)
      }
      if (message instanceof Failure) decide(Exit.fail(message))
      else enqueue(message, decide)
    })
    // Only now: of one that could not be begun there is no answer to wait for.
    unanswered.push({ batch, refused })
    allAnswered.closeUnsafe()
    undecided += weightOf(batch)
    answerDecided()
  }

  const onMessage = (bytes: Uint8Array): Failure | undefined => {
    const publications = publicationsOf(bytes)
    if (publications instanceof Failure) return publications
    arrivals.arrived(monotonicMs(clock))
    largest = Math.max(largest, publications.length)
    begin(publications)
    isPaused = isFull()
    if (isPaused) call.pause()
    else arrivals.done(monotonicMs(clock))
    return undefined
  }

  const answer = ({ batch, refused }: Unanswered): Uint8Array => {
    // Not when they were refused: the answer may have waited for others for seconds.
    const time = arrivals.at(monotonicMs(clock))
    for (const { channel, messageId } of refused) order.told(channel, messageId, time)
    undecided -= weightOf(batch)
    return encodeMessage(PublishStreamResponse, { results: batch.results })
  }

  const answers: Source = {
    onItems: () => {},
    take: () => {
      const messages: Array<Uint8Array> = []
      while (unanswered[0]?.batch.isDecided) messages.push(answer(unanswered.shift()!))
      if (unanswered.length === 0) allAnswered.openUnsafe()
      if (isPaused && !isFull()) {
        isPaused = false
        arrivals.done(monotonicMs(clock))
        call.resume()
      }
      return messages
    }
  }

  // What `take` gives is written after it has opened the latch, but before the turn ends.
  const written = Effect.andThen(allAnswered.await, endOfTurn)
  // Whatever ends the reading, what was read before is answered first.
  const all = Effect.flatMap(Effect.exit(call.receive(onMessage)), (exit) =>
    Effect.andThen(written, exit)
  )
  yield* Effect.raceFirst(all, call.writeFrom(answers))
})
