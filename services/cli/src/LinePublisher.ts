/**
 * LinePublisher: publishes many messages to one channel, in their order, over one stream.
 *
 * Each has an id, so that none is published twice. What is undecided is kept, and sent again
 * from the first one on when it was refused for now, or when the stream is lost: a router may
 * end and come back meanwhile.
 */
import { type Failure, failure, failures, fromCode } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import type { CallOptions, GrpcClient } from "@weir/grpc/GrpcClient"
import type { PublishRequest, PublishServiceDefinition, Result } from "@weir/proto/api/v1/publish"
import { type Cause, Clock, Data, Effect, Latch, Queue, Stream } from "effect"

/** The channel or the key was refused, and so is everything behind this message. */
export class ChannelRefused extends Data.TaggedError("ChannelRefused")<{
  readonly failure: Failure
}> {}

export interface Listener {
  readonly accepted: (message: PublishRequest, accepted: Accepted) => void
  /** Refused for what it is; the others go on. */
  readonly refused: (message: PublishRequest, failure: Failure) => void
}

/** As many as a router reads ahead on one stream. */
const mostUndecided = 512
const batchSize = 128
/** Well below what a router takes as one message. */
const batchBytes = 1024 * 1024

const pause = "200 millis"

/** A router that was restarted is back within this; ids are known for longer. */
const patienceMs = 30_000

const failureIn = ({ result }: Result): Failure | undefined => {
  if (result?.$case === "published") return undefined
  if (result === undefined) return failure("internal", "the router gave an empty answer")
  const { code, message, retryAfterMs } = result.value
  return fromCode(code, message, retryAfterMs)
}

/** From the first that was not sent, as many as fit one message; always one. */
const nextBatch = (undecided: ReadonlyArray<PublishRequest>, sent: number) => {
  let bytes = 0
  const batch: Array<PublishRequest> = []
  for (const message of undecided.slice(sent, sent + batchSize)) {
    bytes += message.data.byteLength
    if (batch.length > 0 && bytes > batchBytes) break
    batch.push(message)
  }
  return batch
}

/** Of the message alone: others may pass. */
const isOfMessage = ({ code }: Failure): boolean => code === "payload_too_large"

const isWorthAnotherTry = (error: Failure | ChannelRefused): error is Failure =>
  error._tag === "Failure" && failures[error.code].retryable

export const publishAll = Effect.fnUntraced(function* (
  client: GrpcClient<PublishServiceDefinition>,
  options: CallOptions,
  messages: Queue.Dequeue<PublishRequest, Cause.Done>,
  listener: Listener
) {
  const undecided: Array<PublishRequest> = []
  /** Of those, how many the present stream has. */
  let sent = 0
  let hasAll = false
  let hasOpened = false
  let failingSince: number | undefined
  const room = yield* Latch.make(true)
  const work = yield* Latch.make(false)
  const isDone = () => hasAll && undecided.length === 0

  const takeAll = Effect.gen(function* () {
    while (true) {
      yield* room.await
      undecided.push(...(yield* Queue.takeBetween(messages, 1, batchSize)))
      if (undecided.length >= mostUndecided) room.closeUnsafe()
      work.openUnsafe()
    }
  }).pipe(
    Effect.catch(() =>
      Effect.sync(() => {
        hasAll = true
        work.openUnsafe()
      })
    )
  )

  const decide = (result: Result): Effect.Effect<void, Failure | ChannelRefused> => {
    const refused = failureIn(result)
    if (refused !== undefined && !isOfMessage(refused)) {
      const isFinal = !failures[refused.code].retryable
      return Effect.fail(isFinal ? new ChannelRefused({ failure: refused }) : refused)
    }
    const message = undecided.shift()
    if (message === undefined) return Effect.fail(failure("internal", "an answer to nothing"))
    sent--
    failingSince = undefined
    if (refused !== undefined) listener.refused(message, refused)
    else if (result.result?.$case === "published") {
      const { duplicate, position } = result.result.value
      if (position !== undefined) listener.accepted(message, { position, duplicate })
    }
    if (undecided.length < mostUndecided) room.openUnsafe()
    if (isDone()) work.openUnsafe()
    return Effect.void
  }

  const attempt = Effect.gen(function* () {
    sent = 0
    const { inbound, writeAll } = yield* client.publishStream(options)
    hasOpened = true
    const send = Effect.gen(function* () {
      while (!isDone()) {
        const batch = nextBatch(undecided, sent)
        if (batch.length > 0) {
          sent += batch.length
          yield* writeAll([{ publications: batch }])
        } else {
          work.closeUnsafe()
          yield* work.await
        }
      }
    })
    const hear = Stream.runForEach(inbound, ({ results }) =>
      Effect.forEach(results, decide, { discard: true })
    )
    const ended = Effect.fail(failure("unavailable", "the router has ended the stream"))
    yield* Effect.raceFirst(send, Effect.andThen(hear, ended))
  }).pipe(Effect.scoped)

  const attempts = attempt.pipe(
    Effect.catchIf(isWorthAnotherTry, (why) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        failingSince ??= now
        // Where there has never been a stream there will hardly be one.
        if (!hasOpened || now - failingSince > patienceMs) return yield* Effect.fail(why)
        yield* Effect.sleep(pause)
        return "again" as const
      })
    ),
    Effect.repeat({ while: (outcome) => outcome === "again" })
  )
  yield* Effect.forkChild(takeAll, { startImmediately: true })
  yield* attempts
})
