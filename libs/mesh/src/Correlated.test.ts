import { assert, describe, it } from "@effect/vitest"
import { type Failure, failure } from "@weir/core/Failure"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import { type Handlers, implement } from "@weir/grpc/Handlers"
import { encodeMessage } from "@weir/grpc/ServiceDefinition"
import {
  ForwardRequest,
  ForwardResponse,
  type ForwardResult,
  RouterServiceDefinition
} from "@weir/proto/mesh/v1/router"
import { Deferred, Effect, Exit, Fiber, Queue, Stream } from "effect"
import * as Correlated from "./Correlated.ts"

type Forward = Handlers<RouterServiceDefinition, never>["forward"]

const encodable = (request: string): string => {
  if (request === "cannot be made") throw new Error("a bug in whoever asks")
  return request
}

const forwardOf = (id: number, request: string) => ({
  id,
  channel: encodable(request),
  publisher: "",
  messageId: "",
  key: "",
  contentType: "",
  data: new Uint8Array(),
  attempt: 1
})

const notServed = () => Effect.fail(failure("unavailable", "not served"))

/** Asks, and waits for the answer at most as long as the caller does. */
const asking =
  <Request, Response>(send: Correlated.Send<Request, Exit.Exit<Response, Failure>>) =>
  (request: Request): Effect.Effect<Response, Failure> =>
    Effect.callback((resume) => {
      const cancel = send(request, resume)
      return Effect.sync(() => {
        cancel()
      })
    })

/** Asks for a channel's name, of a server that does with the stream what the test says. */
const connect = Effect.fnUntraced(function* (
  forward: Forward,
  capacity = 100,
  batchSize = 10,
  overrides: { readonly unsent?: Exit.Exit<string, Failure> } = {},
  keyOf?: (request: string) => string
) {
  const server = yield* GrpcServer.make({
    host: "127.0.0.1",
    port: 0,
    services: [
      implement(RouterServiceDefinition, {
        attach: notServed,
        read: notServed,
        listOwned: notServed,
        handoff: notServed,
        forward
      })
    ]
  })
  const client = yield* GrpcClient.make(RouterServiceDefinition, server.address)
  const send = yield* Correlated.make({
    peer: "echo",
    ...Correlated.failuresOf("echo", capacity),
    ...overrides,
    open: client.forward(),
    capacity,
    batchSize,
    ...(keyOf === undefined ? {} : { keyOf }),
    encode: (batch: ReadonlyArray<Correlated.Numbered<string>>) =>
      encodeMessage(ForwardRequest, {
        publications: batch.map(({ id, request }) => forwardOf(id, request)),
        view: 0
      }),
    responseType: ForwardResponse,
    eachAnswer: ({ results }, settle) => {
      for (const { id, result } of results) {
        settle(id, Exit.succeed(result?.$case === "accepted" ? result.value.position!.epoch : ""))
      }
    }
  })
  return { send, ask: asking(send) }
})

const echo = ({ publications }: ForwardRequest): Array<ForwardResult> =>
  publications.map(({ channel, id }) => ({
    id,
    result: {
      $case: "accepted",
      value: { position: { epoch: channel, term: 0, offset: 0 }, duplicate: false }
    },
    more: 0
  }))

const range = (count: number) => Array.from({ length: count }, (_, index) => `r-${index}`)

describe("requests over one stream", () => {
  it.live("are each given their own answer, in whatever order those come", () =>
    Effect.gen(function* () {
      const { ask } = yield* connect(({ inbound, writeAll }) =>
        Stream.runForEachArray(inbound, (messages) =>
          writeAll([{ results: messages.flatMap(echo).toReversed() }])
        )
      )
      const answers = yield* Effect.forEach(range(50), ask, { concurrency: "unbounded" })
      assert.deepStrictEqual(answers, range(50))
    })
  )

  it.live("leave in the order asked, as many in one message as allowed", () =>
    Effect.gen(function* () {
      const seen: Array<ReadonlyArray<string>> = []
      const { ask } = yield* connect(
        ({ inbound, writeAll }) =>
          Stream.runForEach(inbound, (message) => {
            seen.push(message.publications.map(({ channel }) => channel))
            return writeAll([{ results: echo(message) }])
          }),
        100,
        7
      )
      yield* Effect.forEach(range(50), ask, { concurrency: "unbounded" })
      assert.deepStrictEqual(seen.flat(), range(50))
      assert.isAtMost(Math.max(...seen.map(({ length }) => length)), 7)
    })
  )

  it.live("stand together by their key, and are numbered so", () =>
    Effect.gen(function* () {
      const seen: Array<readonly [number, string]> = []
      const { ask } = yield* connect(
        ({ inbound, writeAll }) =>
          Stream.runForEach(inbound, (message) => {
            seen.push(...message.publications.map(({ channel, id }) => [id, channel] as const))
            return writeAll([{ results: echo(message) }])
          }),
        ...([100, 10, {}, (request: string) => request[0]!] as const)
      )
      const answers = yield* Effect.forEach(["a1", "b1", "a2"], ask, { concurrency: "unbounded" })
      assert.deepStrictEqual(answers, ["a1", "b1", "a2"])
      assert.deepStrictEqual(seen, [
        [1, "a1"],
        [2, "a2"],
        [3, "b1"]
      ])
    })
  )

  it.live("leave once each, in order, though there are always more than fit one message", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const { ask } = yield* connect(
        ({ inbound, writeAll }) =>
          Stream.runForEach(inbound, (message) => {
            seen.push(...message.publications.map(({ channel }) => channel))
            return writeAll([{ results: echo(message) }])
          }),
        20,
        3
      )
      const answers = yield* Effect.forEach(range(400), ask, { concurrency: 20 })
      assert.deepStrictEqual(answers, range(400))
      assert.deepStrictEqual(seen, range(400))
    })
  )

  it.live("that were sent fail with their stream, and the next ones are answered", () =>
    Effect.gen(function* () {
      const arrived = yield* Queue.unbounded<string>()
      const lose = yield* Deferred.make<void>()
      let streams = 0
      const { ask } = yield* connect(({ inbound, writeAll }) => {
        const isFirst = ++streams === 1
        return Stream.runForEach(inbound, (message) =>
          isFirst
            ? Queue.offer(arrived, message.publications[0]!.channel).pipe(
                Effect.andThen(Deferred.await(lose)),
                Effect.andThen(Effect.fail(failure("unavailable", "lost")))
              )
            : writeAll([{ results: echo(message) }])
        )
      })
      const first = yield* Effect.forkChild(Effect.flip(ask("first")))
      assert.strictEqual(yield* Queue.take(arrived), "first")
      yield* Deferred.succeed(lose, undefined)

      assert.deepInclude(yield* Fiber.join(first), {
        code: "unavailable",
        message: "echo: lost; the outcome is unknown"
      })
      assert.strictEqual(yield* ask("second"), "second")
    })
  )

  it.live("are refused beyond the capacity, and leave no trace once nobody waits", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const open = yield* Deferred.make<void>()
      const { ask } = yield* connect(
        ({ inbound, writeAll }) =>
          // Nobody reads before: what was asked meanwhile cannot leave beyond the first message.
          Effect.andThen(
            Deferred.await(open),
            Stream.runForEach(inbound, (message) => {
              seen.push(...message.publications.map(({ channel }) => channel))
              return writeAll([{ results: echo(message) }])
            })
          ),
        4
      )
      for (const round of [1, 2]) {
        const asked = yield* Effect.forEach(range(4), (it) =>
          Effect.forkChild(ask(`${round} ${it}`), { startImmediately: true })
        )
        const refused = yield* Effect.flip(ask("one too many"))
        assert.strictEqual(refused.code, "too_many_requests")
        yield* Fiber.interruptAll(asked)
      }
      yield* Deferred.succeed(open, undefined)
      assert.strictEqual(yield* ask("last"), "last")
      assert.notInclude(seen, "one too many")
    })
  )

  it.live("that had not left when the stream ended are told so, if that is wanted", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const lose = yield* Deferred.make<void>()
      const { ask } = yield* connect(
        // Nobody reads on after the first: the stream is full sooner or later.
        ({ inbound }) =>
          Stream.runForEach(inbound, () =>
            Deferred.succeed(arrived, undefined).pipe(
              Effect.andThen(Deferred.await(lose)),
              Effect.andThen(Effect.fail(failure("unavailable", "lost")))
            )
          ),
        100,
        1,
        { unsent: Exit.fail(failure("unavailable", "not sent")) }
      )
      const large = "x".repeat(1024 * 1024)
      const asked = yield* Effect.forEach(range(20), (it) =>
        Effect.forkChild(Effect.flip(ask(`${it} ${large}`)), { startImmediately: true })
      )
      yield* Deferred.await(arrived)
      yield* Deferred.succeed(lose, undefined)
      const messages = yield* Effect.forEach(asked, (it) =>
        Effect.map(Fiber.join(it), ({ message }) => message)
      )
      assert.strictEqual(messages[0], "echo: lost; the outcome is unknown")
      assert.strictEqual(messages.at(-1), "not sent")
    })
  )

  it.live("go on after a message that could not be made", () =>
    Effect.gen(function* () {
      const { ask } = yield* connect(({ inbound, writeAll }) =>
        Stream.runForEach(inbound, (message) => writeAll([{ results: echo(message) }]))
      )
      const broken = yield* Effect.flip(ask("cannot be made"))
      assert.strictEqual(broken.code, "unavailable")
      assert.strictEqual(yield* ask("next"), "next")
    })
  )
})
