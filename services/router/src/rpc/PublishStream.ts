/**
 * PublishStream: one publisher's publications, many on their way at once, in order.
 *
 * Reads on while what is undecided is within its bound, then flow control reaches the
 * publisher. A refusal holds back what is behind it, here or still on its way.
 */
import { Failure, failureOf } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import { SendOrder } from "@weir/core/SendOrder"
import { monotonicMs } from "@weir/flow/Monotonic"
import type { Duplex } from "@weir/grpc/Duplex"
import type {
  PublishRequest,
  PublishStreamRequest,
  PublishStreamResponse
} from "@weir/proto/api/v1/publish"
import { type Cause, Clock, Effect, Exit, Queue, Semaphore, Stream } from "effect"
import { Arrivals } from "./Arrivals.ts"
import { Batch, checkSize } from "./Batch.ts"

/**
 * Undecided on one stream before it reads on: so many that a log's round trip is not waited
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

export const publishStream = Effect.fnUntraced(function* (
  {
    inbound,
    writeAll
  }: Pick<Duplex<PublishStreamRequest, PublishStreamResponse>, "inbound" | "writeAll">,
  { admit, enqueue }: PublishStreamDeps
) {
  const clock = yield* Clock.Clock
  const order = new SendOrder()
  const arrivals = new Arrivals(monotonicMs(clock))
  const room = yield* Semaphore.make(maxUndecided)
  // Bounded by the room.
  const unanswered = yield* Queue.unbounded<Unanswered, Failure | Cause.Done>()

  const begin = (requests: ReadonlyArray<PublishRequest>) => {
    const batch = new Batch(requests.length)
    const refused: Array<PublishRequest> = []
    requests.forEach((request, index) => {
      const { channel, messageId } = request
      const held = order.check(channel, messageId, arrivals.time)
      const message = held ?? admit(request)
      const decide = (exit: Exit.Exit<Accepted, Failure>) => {
        if (Exit.isFailure(exit) && held === undefined) {
          order.refused(channel, messageId, failureOf(exit))
          refused.push(request)
        }
        batch.decide(index, exit)
      }
      if (message instanceof Failure) decide(Exit.fail(message))
      else enqueue(message, decide)
    })
    Queue.offerUnsafe(unanswered, { batch, refused })
  }

  const read = Stream.runForEach(inbound, ({ publications }) => {
    const refused = checkSize(publications)
    if (refused !== undefined) return Effect.fail(refused)
    arrivals.arrived(monotonicMs(clock))
    return Effect.map(room.take(publications.length), () => {
      arrivals.done(monotonicMs(clock))
      begin(publications)
    })
  })
  const answer = Queue.take(unanswered).pipe(
    Effect.flatMap(({ batch, refused }) =>
      batch.results.pipe(
        Effect.flatMap((results) => writeAll([{ results }])),
        // Not when they were refused: the answer may have waited for others for seconds.
        Effect.andThen(() => {
          const time = arrivals.at(monotonicMs(clock))
          for (const { channel, messageId } of refused) order.told(channel, messageId, time)
          return room.release(batch.size)
        })
      )
    ),
    Effect.forever({ disableYield: true })
  )
  // Whatever ends the reading, what was read before is answered first.
  yield* read.pipe(
    Effect.andThen(Queue.end(unanswered)),
    Effect.catchCause((cause) => Queue.failCause(unanswered, cause)),
    Effect.forkScoped
  )
  yield* Effect.catchTag(answer, "Done", () => Effect.void)
})
