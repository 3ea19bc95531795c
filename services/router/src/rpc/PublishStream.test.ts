import { assert, describe, it } from "@effect/vitest"
import { type Failure, failure } from "@weir/core/Failure"
import type { Accepted } from "@weir/core/Publication"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import { implement } from "@weir/grpc/Handlers"
import { encodeMessage } from "@weir/grpc/ServiceDefinition"
import {
  PublishServiceDefinition,
  PublishStreamRequest,
  PublishStreamResponse
} from "@weir/proto/api/v1/publish"
import { Deferred, Effect, Exit, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type PublishStreamDeps, publishStream } from "./PublishStream.ts"

const quick = "chat:quick"
const stuck = "chat:stuck"
const unavailable = failure("unavailable", "the log is away", 100)

const request = (channel: string, messageId: string) => ({
  ...{ channel, messageId, key: "", contentType: "text/plain", data: new Uint8Array(1) }
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

/** The same, from a publisher on the other side of a socket. */
const connect = Effect.gen(function* () {
  const taken = yield* Queue.unbounded<string>()
  const undecided = new Map<string, (exit: Exit.Exit<Accepted, Failure>) => void>()
  let most = 0
  const deps: PublishStreamDeps = {
    admit: (it) => ({ ...it, publisher: "key" }),
    enqueue: ({ messageId }, decide) => {
      if (messageId === "boom") throw new Error("a bug in the router")
      undecided.set(messageId, decide)
      most = Math.max(most, undecided.size)
      Queue.offerUnsafe(taken, messageId)
    }
  }
  const notServed = () => Effect.fail(failure("internal", "not served"))
  const server = yield* GrpcServer.make({
    host: "127.0.0.1",
    port: 0,
    services: [
      implement(PublishServiceDefinition, {
        publish: notServed,
        publishBatch: notServed,
        publishStream: (duplex) => publishStream(duplex, deps)
      })
    ]
  })
  const client = yield* GrpcClient.make(PublishServiceDefinition, server.address)
  const duplex = yield* client.publishStream()
  const sizes: Array<number> = []
  const ended = yield* Deferred.make<never, Failure>()
  const read = Stream.runForEach(duplex.inbound, ({ results }) =>
    Effect.sync(() => void sizes.push(results.length))
  )
  yield* Effect.forkScoped(
    Effect.andThen(Effect.exit(read), (exit) => Deferred.done(ended, exit as Exit.Exit<never>))
  )
  return {
    /** In one message. */
    send: (...ids: ReadonlyArray<string>) =>
      duplex.writeAll([{ publications: ids.map((id) => request(quick, id)) }]),
    taken: Queue.take(taken),
    /** Those that wait to be taken by the test. */
    waiting: Queue.size(taken),
    decide: (messageId: string) => {
      undecided.get(messageId)!(accepted)
      undecided.delete(messageId)
    },
    sizes,
    most: () => most,
    end: Effect.flip(Deferred.await(ended))
  }
})

const idsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => `m-${first + index}`)

describe("a stream of publications, over gRPC", () => {
  it.live(
    "answers what came before a message that it refuses, and does not hear what follows",
    () =>
      Effect.gen(function* () {
        const stream = yield* connect
        yield* stream.send("m-1")
        yield* stream.send(...idsFrom(2, 257))
        yield* stream.send("late")
        assert.strictEqual(yield* stream.taken, "m-1")
        stream.decide("m-1")
        const { code, message } = yield* stream.end
        assert.deepStrictEqual(
          [code, message],
          ["bad_request", "publications: 257 in one message, limit 256"]
        )
        assert.deepStrictEqual(stream.sizes, [1])
        assert.strictEqual(yield* stream.waiting, 0)
      })
  )

  it.live("ends with one that could not be begun, behind the answers to those before", () =>
    Effect.gen(function* () {
      const stream = yield* connect
      yield* stream.send("m-1")
      yield* stream.send("boom")
      assert.strictEqual(yield* stream.taken, "m-1")
      stream.decide("m-1")
      assert.strictEqual((yield* stream.end).code, "internal")
      assert.deepStrictEqual(stream.sizes, [1])
    })
  )

  it.live("does not read on while too much is undecided, and then does", () =>
    Effect.gen(function* () {
      const stream = yield* connect
      const ids = idsFrom(0, 1_500)
      yield* Effect.forkScoped(Effect.forEach(ids, (id) => stream.send(id), { discard: true }))
      for (let index = 0; index < ids.length; index++) {
        assert.strictEqual(yield* stream.taken, ids[index])
        // As many as there may be, then one for each that is answered.
        if (index >= 511) stream.decide(ids[index - 511]!)
      }
      assert.strictEqual(stream.most(), 512)
    })
  )

  it.live("answers an empty message", () =>
    Effect.gen(function* () {
      const stream = yield* connect
      yield* stream.send()
      yield* stream.send("m-1")
      assert.strictEqual(yield* stream.taken, "m-1")
      stream.decide("m-1")
      yield* Effect.repeat(Effect.yieldNow, { until: () => stream.sizes.length === 2 })
      assert.deepStrictEqual(stream.sizes, [0, 1])
    })
  )
})
