/**
 * The SDK as a service of Effect, against a real server.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { make, Weir } from "@weir/client/effect/Weir"
import type { ConnectionState } from "@weir/client/Session"
import type { WeirClientOptions } from "@weir/client/WeirClient"
import { Deferred, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"

describe("the Effect entry", () => {
  let server: WeirProcess
  let channels = 0

  beforeAll(async () => {
    server = await start({ program: "standalone" })
  })
  afterAll(() => server?.stop())

  const newChannel = () => `chat:effect-${++channels}`
  const optionsOf = (user: string): WeirClientOptions => ({
    url: `ws://${server.http}/v1/ws`,
    token: () => developmentToken(server.http!, user)
  })

  /** Runs the stream in the background, and waits until it is subscribed. */
  const watch = Effect.fnUntraced(function* (
    weir: Weir["Service"],
    channel: string,
    count: number
  ) {
    const subscribed = yield* Deferred.make<void>()
    const fiber = yield* weir.subscribe(channel).pipe(
      Stream.tap(({ type }) =>
        type === "subscribed" ? Deferred.succeed(subscribed, undefined) : Effect.void
      ),
      Stream.filter(({ type }) => type !== "subscribed"),
      Stream.take(count),
      Stream.runCollect,
      Effect.forkChild
    )
    yield* Deferred.await(subscribed)
    return fiber
  })

  it.live("publishes, streams what comes, and unsubscribes when the stream is left", () =>
    Effect.gen(function* () {
      const ann = yield* make(optionsOf("ann"))
      const bob = yield* make(optionsOf("bob"))
      const channel = newChannel()
      const fiber = yield* watch(bob, channel, 2)

      const { position } = yield* ann.publish(channel, { text: "hi" })
      yield* ann.publish(channel, "again")
      const events = yield* Fiber.join(fiber)

      assert.deepStrictEqual(
        events.map((event) => event.type === "publication" && event.publication.data),
        [{ text: "hi" }, "again"]
      )
      assert.deepNestedInclude(events[0], { "publication.position": position })
      // Subscribed still, it would be refused.
      yield* Fiber.interrupt(yield* watch(bob, channel, 1))
      yield* Fiber.interrupt(yield* watch(bob, channel, 1))
    })
  )

  it.live("streams the publications alone, from as far back as asked", () =>
    Effect.gen(function* () {
      const ann = yield* Weir
      const channel = newChannel()
      for (const n of [1, 2, 3]) yield* ann.publish(channel, n)

      const publications = yield* ann
        .publications(channel, { rewind: { last: 2 } })
        .pipe(Stream.take(2), Stream.runCollect)

      assert.deepStrictEqual(
        publications.map(({ data }) => data),
        [2, 3]
      )
    }).pipe(Effect.provide(Weir.layer(optionsOf("ann"))))
  )

  it.live("signals through the stream that has the channel", () =>
    Effect.gen(function* () {
      const ann = yield* make(optionsOf("ann"))
      const bob = yield* make(optionsOf("bob"))
      const channel = newChannel()
      assert.isFalse(yield* ann.signal(channel, "nobody has it"))
      const sender = yield* watch(ann, channel, 1)
      const receiver = yield* watch(bob, channel, 1)

      assert.isTrue(yield* ann.signal(channel, "typing"))
      const [event] = yield* Fiber.join(receiver)
      const tooLarge = yield* Effect.flip(ann.signal(channel, "x".repeat(2_000)))
      yield* Fiber.interrupt(sender)

      assert.deepNestedInclude(event, { type: "signal", "signal.data": "typing" })
      assert.strictEqual(tooLarge.code, "payload_too_large")
    })
  )

  it.live("reads history and presence", () =>
    Effect.gen(function* () {
      const ann = yield* make(optionsOf("ann"))
      const channel = newChannel()
      yield* ann.publish(channel, 1)

      const history = yield* ann.history(channel, { limit: 1 })
      const presence = yield* ann.presence(channel, { counts: true })

      assert.deepStrictEqual(
        history.publications.map(({ data }) => data),
        [1]
      )
      assert.strictEqual(presence.memberCount, 0)
    })
  )

  it.live("fails with what the server refuses, in a call and in a stream", () =>
    Effect.gen(function* () {
      const ann = yield* make(optionsOf("ann"))

      const call = yield* Effect.flip(ann.publish("nowhere:a", 1))
      const stream = yield* Effect.flip(Stream.runDrain(ann.publications("nowhere:a")))
      const caught = yield* ann.history("nowhere:a").pipe(
        Effect.as("read"),
        Effect.catchTag("WeirFailure", ({ retryable }) => Effect.succeed(retryable))
      )

      const refused = { code: "unknown_namespace", retryable: false } as const
      assert.strictEqual(call._tag, "WeirFailure")
      assert.deepInclude(call, refused)
      assert.deepInclude(stream, refused)
      assert.isFalse(caught)
    })
  )

  it.live("refuses a second stream on a channel, and leaves the first one alone", () =>
    Effect.gen(function* () {
      const ann = yield* make(optionsOf("ann"))
      const channel = newChannel()
      const first = yield* watch(ann, channel, 1)

      const second = yield* Effect.flip(Stream.runDrain(ann.subscribe(channel)))
      yield* ann.publish(channel, "hi")

      assert.strictEqual(second.code, "already_subscribed")
      assert.lengthOf(yield* Fiber.join(first), 1)
    })
  )

  it.live("is connected while its scope is open, and says so", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const ann = yield* Scope.provide(make(optionsOf("ann")), scope)
      const states: Array<ConnectionState> = []
      const watcher = yield* ann.connectionState.pipe(
        Stream.runForEach((state) => Effect.sync(() => states.push(state))),
        Effect.forkChild({ startImmediately: true })
      )
      yield* ann.ready
      const channel = newChannel()
      const stream = yield* watch(ann, channel, 1)

      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(watcher)

      assert.deepStrictEqual(states, ["connecting", "connected", "closed"])
      assert.isEmpty(yield* Fiber.join(stream))
      assert.strictEqual((yield* Effect.flip(ann.publish(channel, 1))).code, "aborted")
    })
  )
})
