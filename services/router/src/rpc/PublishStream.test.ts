import { assert, describe, it } from "@effect/vitest"
import { type Failure, failure } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import { encodeMessage } from "@weir/grpc/ServiceDefinition"
import { PublishStreamRequest, PublishStreamResponse } from "@weir/proto/api/v1/publish"
import { Effect, Exit, Queue } from "effect"
import { TestClock } from "effect/testing"
import { publishStream } from "./PublishStream.ts"

const quick = "chat:quick"
const stuck = "chat:stuck"
const unavailable = failure("unavailable", "the log is away", 100)

const request = (channel: string, messageId: string) => ({
  ...{ channel, messageId, contentType: "text/plain", data: new Uint8Array(1) }
})

/** A stream whose publications are decided by hand. */
const openStream = Effect.gen(function* () {
  let hear: (bytes: Buffer) => unknown = () => {}
  const answers = yield* Queue.unbounded<PublishStreamResponse>()
  const taken = yield* Queue.unbounded<string>()
  const undecided = new Map<string, (exit: Exit.Exit<Accepted, Failure>) => void>()
  const stream = publishStream(
    {
      receive: (onMessage) => {
        hear = onMessage
        return Effect.never
      },
      pause: () => {},
      resume: () => {},
      writeFrom: (source) => {
        source.onItems = () =>
          queueMicrotask(() => {
            for (const bytes of source.take()) {
              Queue.offerUnsafe(answers, PublishStreamResponse.decode(bytes))
            }
          })
        return Effect.never
      }
    },
    {
      admit: (it) => ({ ...it, publisher: "key" }),
      enqueue: ({ messageId }, decide) => {
        undecided.set(messageId, decide)
        Queue.offerUnsafe(taken, messageId)
      }
    }
  )
  yield* Effect.forkScoped(stream, { startImmediately: true })
  return {
    send: (channel: string, ...ids: ReadonlyArray<string>) =>
      Effect.sync(() => {
        const publications = ids.map((id) => request(channel, id))
        hear(encodeMessage(PublishStreamRequest, { publications }))
      }),
    /** The next one that is on its way to its channel. */
    taken: Queue.take(taken),
    decide: (messageId: string, exit: Exit.Exit<Accepted, Failure>) =>
      Effect.sync(() => undecided.get(messageId)!(exit)),
    /** What the next message says: `published`, or the code of a failure, of each. */
    answer: Effect.map(Queue.take(answers), ({ results }) =>
      results.map(({ result }) =>
        result?.$case === "failure" ? result.value.code : (result?.$case ?? "nothing")
      )
    )
  }
})

const accepted = Exit.succeed({ position: { epoch: "e", term: 1, offset: 1 }, duplicate: false })

describe("a stream of publications", () => {
  it.effect("holds back what is behind a refused one until its sender can know of it", () =>
    Effect.gen(function* () {
      const stream = yield* openStream
      yield* stream.send(stuck, "s-1")
      yield* stream.send(quick, "q-1")
      assert.deepStrictEqual([yield* stream.taken, yield* stream.taken], ["s-1", "q-1"])
      yield* stream.decide("q-1", Exit.fail(unavailable))
      // The answer waits for the one before it: longer than what is on its way would take.
      yield* TestClock.adjust("4 seconds")
      yield* stream.send(quick, "q-2")
      yield* stream.send(stuck, "s-2")
      assert.strictEqual(yield* stream.taken, "s-2")
      yield* stream.decide("s-1", accepted)
      yield* stream.decide("s-2", accepted)
      assert.deepStrictEqual(yield* stream.answer, ["published"])
      assert.deepStrictEqual(yield* stream.answer, ["unavailable"])
      assert.deepStrictEqual(yield* stream.answer, ["aborted"])

      yield* stream.send(quick, "q-1", "q-2")
      assert.deepStrictEqual([yield* stream.taken, yield* stream.taken], ["q-1", "q-2"])
    })
  )

  it.effect("lets a sender go on without the refused one, a while after it was told", () =>
    Effect.gen(function* () {
      const stream = yield* openStream
      yield* stream.send(quick, "q-1")
      yield* stream.taken
      yield* stream.decide("q-1", Exit.fail(unavailable))
      assert.deepStrictEqual(yield* stream.answer, ["unavailable"])
      yield* TestClock.adjust("4 seconds")
      yield* stream.send(quick, "q-2")
      assert.strictEqual(yield* stream.taken, "q-2")
    })
  )
})
