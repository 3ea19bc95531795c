import { assert, describe, it } from "@effect/vitest"
import * as grpc from "@grpc/grpc-js"
import { failure } from "@weir/core/Failure"
import { PublishServiceDefinition, type PublishStreamRequest } from "@weir/proto/api/v1/publish"
import { Deferred, Effect, Exit, Fiber, Ref, Scope, Stream } from "effect"
import { Answering } from "./Answering.ts"
import * as GrpcClient from "./GrpcClient.ts"
import * as GrpcServer from "./GrpcServer.ts"
import { implement } from "./Handlers.ts"

const published = (offset: number) => ({
  position: { epoch: "e", term: 1, offset },
  duplicate: false
})

const publication = (channel: string) => ({
  channel,
  data: new Uint8Array(1024),
  contentType: "",
  messageId: "",
  key: ""
})

const connect = Effect.fnUntraced(function* (
  handlers: Partial<Parameters<typeof implement<typeof PublishServiceDefinition>>[1]>
) {
  const server = yield* GrpcServer.make({
    host: "127.0.0.1",
    port: 0,
    services: [
      implement(PublishServiceDefinition, {
        publish: () => Effect.succeed(published(1)),
        publishBatch: () => Effect.succeed({ results: [] }),
        publishStream: () => Effect.void,
        ...handlers
      })
    ]
  })
  const client = yield* GrpcClient.make(PublishServiceDefinition, server.address)
  return { server, client }
})

describe("a gRPC server", () => {
  it.live("answers a unary call", () =>
    Effect.gen(function* () {
      const { client } = yield* connect({
        publish: (request) => Effect.succeed(published(request.channel.length))
      })
      const response = yield* client.publish(publication("chat:lobby"))
      assert.deepStrictEqual(response, published(10))
    })
  )

  it.live("carries a failure across, with its code and when to try again", () =>
    Effect.gen(function* () {
      const refused = failure("too_many_requests", "publishes: 10 a second", 250)
      const { client } = yield* connect({ publish: () => Effect.fail(refused) })
      const received = yield* Effect.flip(client.publish(publication("chat:lobby")))
      assert.deepStrictEqual(
        [received.code, received.message, received.retryAfterMs],
        ["too_many_requests", "publishes: 10 a second", 250]
      )
    })
  )

  it.live("hides a defect behind INTERNAL and a fixed text", () =>
    Effect.gen(function* () {
      const { client } = yield* connect({
        publish: () => Effect.die(new Error("password=hunter2"))
      })
      const received = yield* Effect.flip(client.publish(publication("chat:lobby")))
      assert.deepStrictEqual([received.code, received.message], ["internal", "internal error"])
    })
  )

  it.live("answers without a fiber as with one: a value, a failure, a defect", () =>
    Effect.gen(function* () {
      const { client } = yield* connect({
        publish: ({ channel }) =>
          new Answering((answer) => {
            if (channel === "dies:x") throw new Error("password=hunter2")
            const exit =
              channel === "fails:x"
                ? Exit.fail(failure("too_many_requests", "slow down", 100))
                : Exit.succeed(published(7))
            setImmediate(answer, exit)
          })
      })
      const { position } = yield* client.publish(publication("chat:lobby"))
      assert.strictEqual(position?.offset, 7)
      const failed = yield* Effect.flip(client.publish(publication("fails:x")))
      assert.deepStrictEqual([failed.code, failed.retryAfterMs], ["too_many_requests", 100])
      const died = yield* Effect.flip(client.publish(publication("dies:x")))
      assert.deepStrictEqual([died.code, died.message], ["internal", "internal error"])
    })
  )

  it.live("answers bytes that are no message with INVALID_ARGUMENT", () =>
    Effect.gen(function* () {
      const { server } = yield* connect({})
      const raw = new grpc.Client(server.address, grpc.credentials.createInsecure())
      const error = yield* Effect.callback<grpc.ServiceError | null>((resume) => {
        raw.makeUnaryRequest(
          "/weir.api.v1.PublishService/Publish",
          (bytes: Buffer) => bytes,
          (bytes: Buffer) => bytes,
          Buffer.from("0aff", "hex"),
          (error) => resume(Effect.succeed(error))
        )
      })
      raw.close()
      assert.strictEqual(error?.code, grpc.status.INVALID_ARGUMENT)
    })
  )

  it.live("interrupts the handler when the caller goes away or its deadline passes", () =>
    Effect.gen(function* () {
      const interrupted = yield* Deferred.make<void>()
      const { client } = yield* connect({
        publish: () =>
          Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      })
      const received = yield* Effect.flip(
        client.publish(publication("chat:lobby"), { deadlineMs: 50 })
      )
      yield* Deferred.await(interrupted)
      assert.strictEqual(received.code, "timeout")
    })
  )

  it.live("stops a writer whose reader does not read, and loses nothing", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const seen = yield* Ref.make(0)
      const written = yield* Ref.make(0)
      const { client } = yield* connect({
        publishStream: ({ inbound }) =>
          Effect.andThen(
            Deferred.await(gate),
            Stream.runForEachArray(inbound, (batch) => Ref.update(seen, (n) => n + batch.length))
          )
      })
      const request: PublishStreamRequest = { publications: [publication("chat:lobby")] }
      const duplex = yield* client.publishStream()
      const writer = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 5000 }, () => request),
          (message) =>
            Effect.andThen(
              duplex.writeAll([message]),
              Ref.update(written, (n) => n + 1)
            ),
          { discard: true }
        )
      )
      // The writer has stopped once its count stands still over many turns of the event loop.
      let before = -1
      while (before !== (yield* Ref.get(written)) || before === 0) {
        before = yield* Ref.get(written)
        yield* Effect.sleep("50 millis")
      }
      assert.isBelow(before, 4000)

      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(writer)
      yield* Effect.repeat(Ref.get(seen), { until: (n) => n === 5000 })
    })
  )

  it.live("ends endless streams as unavailable when its scope closes", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const outcome = yield* Deferred.make<string>()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { client } = yield* connect({
            publishStream: () => Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
          })
          const read = Effect.gen(function* () {
            const { inbound } = yield* client.publishStream()
            const failed = yield* Effect.flip(Stream.runDrain(inbound))
            yield* Deferred.succeed(outcome, failed.code)
          })
          yield* Effect.forkDetach(Effect.scoped(read))
          yield* Deferred.await(started)
        })
      )
      assert.strictEqual(yield* Deferred.await(outcome), "unavailable")
    })
  )

  it.live("says whether it serves, to who asks and to who watches until it ends", () =>
    Effect.gen(function* () {
      const health = "/grpc.health.v1.Health"
      const bytes = (it: Buffer) => it
      const statuses: Array<string> = []
      const scope = yield* Scope.make()
      const { address } = yield* Scope.provide(connect({}), scope).pipe(
        Effect.map(({ server }) => server)
      )
      const client = new grpc.Client(address, grpc.credentials.createInsecure())
      const checked = yield* Effect.callback<string>((resume) => {
        client.makeUnaryRequest(`${health}/Check`, bytes, bytes, Buffer.of(), (error, answer) =>
          resume(Effect.succeed(error?.message ?? answer!.toString("hex")))
        )
      })
      const watch = client.makeServerStreamRequest(`${health}/Watch`, bytes, bytes, Buffer.of())
      const ended = new Promise<void>((resolve) => watch.on("close", resolve))
      watch.on("error", () => {})
      yield* Effect.callback<void>((resume) => {
        watch.on("data", (status: Buffer) => {
          statuses.push(status.toString("hex"))
          resume(Effect.void)
        })
      })
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => ended)
      client.close()

      // `status` is field 1: 1 is SERVING, 2 is NOT_SERVING.
      assert.deepStrictEqual([checked, ...statuses], ["0801", "0801", "0802"])
    })
  )
})
