import { assert, describe, it } from "@effect/vitest"
import { failure } from "@weir/core/Failure"
import type { Message } from "@weir/core/Publication"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import { type Handlers, implement } from "@weir/grpc/Handlers"
import {
  ForwardRequest,
  type ForwardResult,
  type HandoffRequest,
  type ListOwnedRequest,
  type ReadResponse,
  RouterServiceDefinition
} from "@weir/proto/mesh/v1/router"
import { decodeForwards } from "@weir/wire/ForwardMessage"
import { Deferred, Effect, Exit, Fiber, Queue, Scope, Stream } from "effect"
import * as Routers from "./Routers.ts"

type Forward = Message & { readonly attempt: number }

type RouterHandlers = Handlers<RouterServiceDefinition, never>

const notServed = () => Effect.fail(failure("unavailable", "not served"))

/** A router that does what the test says. */
const serve = (handlers: Partial<RouterHandlers>) =>
  Effect.map(
    GrpcServer.make({
      host: "127.0.0.1",
      port: 0,
      services: [
        implement(RouterServiceDefinition, {
          attach: notServed,
          forward: notServed,
          read: notServed,
          handoff: notServed,
          listOwned: notServed,
          ...handlers
        })
      ]
    }),
    ({ address }) => address
  )

const answering =
  (answer: (forward: Forward) => ForwardResult["result"]): RouterHandlers["forward"] =>
  ({ inbound, writeAll }) =>
    Stream.runForEach(inbound, (request) => {
      const { forwards } = decodeForwards(ForwardRequest.encode(request).finish())
      const results = forwards.map(({ attempt, id, message }) => ({
        ...{ id, result: answer({ ...message, attempt }), more: 0 }
      }))
      return writeAll([{ results }])
    })

/** Accepts, numbering what it has not seen, and keeps what it was sent. */
const accepting = () => {
  const seen: Array<Forward> = []
  const forward = answering((it) => {
    const known = seen.findIndex(({ messageId }) => messageId === it.messageId)
    seen.push(it)
    const position = { epoch: "e", term: 2, offset: known >= 0 ? known + 1 : seen.length }
    return { $case: "accepted", value: { position, duplicate: known >= 0 } }
  })
  return { seen, forward }
}

const movedTo = (owner: string, view: number) => ({ shard: 1, term: 1, owner, view })

/** Who asks, and what it takes for the view: everything is owned by one router. */
const connect = Effect.fnUntraced(function* (first: string | undefined) {
  const view = { owner: first, next: first, seen: [] as Array<number> }
  const routers = yield* Routers.make({
    ownerOf: () => view.owner,
    viewVersion: () => 7,
    saw: (version) => {
      view.seen.push(version)
      view.owner = view.next
    }
  })
  return { view, ...routers }
})

const message = (messageId: string): Message => ({
  channel: "chat:lobby",
  publisher: "ann",
  messageId,
  key: "",
  contentType: "",
  data: new Uint8Array()
})

const ids = Array.from({ length: 20 }, (_, index) => `m-${index}`)

const page = (offset: number, moved?: ReadResponse["moved"]): ReadResponse => ({
  position: { epoch: "e", term: 1, offset },
  recovered: true,
  reason: "",
  next: 1,
  publications: [],
  more: false,
  moved,
  before: undefined
})

const lastOne = {
  channel: "chat:lobby",
  from: { $case: "last", value: 1 },
  limit: 1,
  maxBytes: 0,
  reverse: false
} as const

describe("publications to routers", () => {
  it.live("go to the next owner, in order, once a router says the channel has moved", () =>
    Effect.gen(function* () {
      const { forward, seen } = accepting()
      const next = yield* serve({ forward })
      const refused: Array<number> = []
      const former = yield* serve({
        forward: answering(({ attempt }) => {
          refused.push(attempt)
          return { $case: "moved", value: movedTo("next", 8) }
        })
      })
      const { publish, view } = yield* connect(former)
      view.next = next
      const answers = yield* Effect.forEach(ids, (id) => publish(message(id)), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        answers.map(({ position }) => position.offset),
        ids.map((_, index) => index + 1)
      )
      assert.deepStrictEqual(
        seen.map(({ messageId }) => messageId),
        ids
      )
      assert.include(view.seen, 8)
      assert.strictEqual(new Set(refused).size, 1)
      assert.isTrue(seen.every(({ attempt }) => attempt > refused[0]!))
    })
  )

  it.live("that a router took to its grave are sent to the next one, with the same ids", () =>
    Effect.gen(function* () {
      const { forward, seen } = accepting()
      const next = yield* serve({ forward })
      const arrived = yield* Queue.unbounded<string>()
      const scope = yield* Scope.make()
      const former = yield* serve({
        forward: ({ inbound }) =>
          Stream.runForEach(inbound, ({ publications }) =>
            Queue.offerAll(
              arrived,
              publications.map(({ messageId }) => messageId)
            )
          )
      }).pipe(Scope.provide(scope))
      const { publish, view } = yield* connect(former)
      const fibers = yield* Effect.forEach(ids, (id) =>
        Effect.forkChild(publish(message(id)), { startImmediately: true })
      )
      for (const id of ids) assert.strictEqual(yield* Queue.take(arrived), id)
      yield* Scope.close(scope, Exit.void)
      view.owner = next
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        seen.map(({ messageId }) => messageId),
        ids
      )
    })
  )

  it.live("fail without an id when the router that had them is lost", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const lost = Effect.andThen(
        Deferred.succeed(arrived, undefined),
        Effect.fail(failure("unavailable", "gone"))
      )
      const router = yield* serve({
        forward: ({ inbound }) => Stream.runForEach(inbound, () => lost)
      })
      const { publish } = yield* connect(router)
      const refused = yield* Effect.flip(publish(message("")))
      yield* Deferred.await(arrived)
      assert.strictEqual(refused.code, "unavailable")
      assert.include(refused.message, "messageId")
    })
  )

  it.live("do not wait for a router that hangs once another owns the channel", () =>
    Effect.gen(function* () {
      const { forward } = accepting()
      const next = yield* serve({ forward })
      const arrived = yield* Deferred.make<void>()
      const hanging = yield* serve({
        forward: ({ inbound }) =>
          Stream.runForEach(inbound, () => Deferred.succeed(arrived, undefined))
      })
      const { publish, view } = yield* connect(hanging)
      const fiber = yield* Effect.forkChild(publish(message("a")), { startImmediately: true })
      yield* Deferred.await(arrived)
      view.owner = next
      assert.strictEqual((yield* Fiber.join(fiber)).position.offset, 1)
    })
  )

  it.live("wait for a router when none is up", () =>
    Effect.gen(function* () {
      const { forward } = accepting()
      const { publish, view } = yield* connect(undefined)
      const fiber = yield* Effect.forkChild(publish(message("a")), { startImmediately: true })
      view.owner = yield* serve({ forward })
      assert.strictEqual((yield* Fiber.join(fiber)).position.offset, 1)
    })
  )

  it.live("fail as the owner says, once", () =>
    Effect.gen(function* () {
      let asked = 0
      const router = yield* serve({
        forward: answering(() => {
          asked++
          const code = "unknown_namespace"
          return { $case: "failure", value: { code, message: "none such", retryAfterMs: 0 } }
        })
      })
      const { publish } = yield* connect(router)
      const refused = yield* Effect.flip(publish(message("a")))
      assert.strictEqual(refused.code, "unknown_namespace")
      assert.strictEqual(asked, 1)
    })
  )
})

describe("reads from routers", () => {
  const next = serve({ read: () => Effect.succeed(page(42)) })

  it.live("are asked of the next owner once a router says the channel has moved", () =>
    Effect.gen(function* () {
      const former = yield* serve({
        read: () => Effect.succeed(page(0, movedTo("next", 9)))
      })
      const { read, view } = yield* connect(former)
      view.next = yield* next
      assert.strictEqual((yield* read(lastOne)).position?.offset, 42)
      assert.deepStrictEqual(view.seen, [9])
    })
  )

  it.live("are asked again when the router is lost", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const arrived = yield* Deferred.make<void>()
      const former = yield* serve({
        read: () => Effect.andThen(Deferred.succeed(arrived, undefined), Effect.never)
      }).pipe(Scope.provide(scope))
      const { read, view } = yield* connect(former)
      const fiber = yield* Effect.forkChild(read(lastOne), { startImmediately: true })
      yield* Deferred.await(arrived)
      view.owner = yield* next
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(fiber)).position?.offset, 42)
    })
  )

  it.live("are asked again when the router hangs, also those that had no turn there", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const former = yield* serve({
        read: () => Effect.andThen(Deferred.succeed(arrived, undefined), Effect.never)
      })
      const { read, view } = yield* connect(former)
      const fiber = yield* Effect.forkChild(
        Effect.forEach(Array(200), () => read(lastOne), { concurrency: "unbounded" })
      )
      yield* Deferred.await(arrived)
      view.owner = yield* next
      const pages = yield* Fiber.join(fiber)
      assert.isTrue(pages.every(({ position }) => position?.offset === 42))
    })
  )

  it.live("fail as the owner says", () =>
    Effect.gen(function* () {
      const router = yield* serve({
        read: () => Effect.fail(failure("unknown_namespace", "none such"))
      })
      const { read } = yield* connect(router)
      assert.strictEqual((yield* Effect.flip(read(lastOne))).code, "unknown_namespace")
    })
  )
})

describe("the channels of a router", () => {
  const request: ListOwnedRequest = { prefix: "chat:", after: "chat:a", limit: 3 }

  it.live("are asked of the router at the address", () =>
    Effect.gen(function* () {
      const got: Array<ListOwnedRequest> = []
      const channel = { channel: "chat:b", position: undefined, connectors: 2 }
      const router = yield* serve({
        listOwned: (it) =>
          Effect.sync(() => {
            got.push(it)
            return { channels: [channel] }
          })
      })
      const { listOwned } = yield* connect(undefined)
      assert.deepStrictEqual(yield* listOwned(router, request), [channel])
      assert.deepStrictEqual(got, [request])
    })
  )
})

describe("a handoff", () => {
  it.live("reaches the router at the address", () =>
    Effect.gen(function* () {
      const request: HandoffRequest = {
        node: "router-1",
        view: 3,
        shards: [{ shard: 5, term: 9, channels: [] }]
      }
      const got: Array<HandoffRequest> = []
      const router = yield* serve({
        handoff: (it) =>
          Effect.as(
            Effect.sync(() => got.push(it)),
            {}
          )
      })
      const { handoff } = yield* connect(undefined)
      yield* handoff(router, request)
      assert.deepStrictEqual(got, [request])
    })
  )
})
