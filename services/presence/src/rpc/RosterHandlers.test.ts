import { assert, describe, it } from "@effect/vitest"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import type { Member } from "@weir/proto/client/v1/client"
import { type Announcement, RosterServiceDefinition } from "@weir/proto/mesh/v1/presence"
import { Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { layer as presenceLayer } from "../Presence.ts"
import { rosterHandlers } from "./RosterHandlers.ts"

const lobby = "chat:lobby"

const member = (id: string): Member => ({
  id,
  user: "ann",
  joinedAt: 1,
  contentType: "",
  data: new Uint8Array([1])
})

const hello = (node: string): Announcement => ({
  announcement: { $case: "hello", value: { node, incarnation: 1 } }
})
const join = (joined: Member | undefined): Announcement => ({
  announcement: { $case: "join", value: { channel: lobby, member: joined } }
})
const leave = (memberId: string): Announcement => ({
  announcement: { $case: "leave", value: { channel: lobby, memberId } }
})
const watch: Announcement = { announcement: { $case: "watch", value: { channel: lobby } } }
const unwatch: Announcement = { announcement: { $case: "unwatch", value: { channel: lobby } } }

const serve = Effect.gen(function* () {
  const presence = yield* Layer.build(presenceLayer)
  return yield* GrpcServer.make({ host: "127.0.0.1", port: 0, services: [rosterHandlers] }).pipe(
    Effect.provide(presence)
  )
})

/** A connector with a link of its own, which `vanish` cuts. */
const connect = Effect.fnUntraced(function* (
  address: string,
  ...first: ReadonlyArray<Announcement>
) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  return yield* Effect.gen(function* () {
    const client = yield* GrpcClient.make(RosterServiceDefinition, address)
    const { inbound, writeAll } = yield* client.announce()
    const pull = yield* Stream.toPull(inbound)
    const say = (...announcements: Array<Announcement>) => writeAll([{ announcements }])
    yield* say(...first)
    return {
      client,
      say,
      /** The ids of the next answers, `+` before who joined and `-` before who left. */
      hears: Effect.map(pull, (responses) =>
        responses.flatMap(({ changes }) =>
          changes.flatMap(({ joined, left }) => [
            ...joined.map(({ id }) => `+${id}`),
            ...left.map(({ id }) => `-${id}`)
          ])
        )
      ),
      /** Waits until the roster is this; answers come in order, so what was said before is done. */
      sees: (...ids: ReadonlyArray<string>) =>
        Effect.repeat(client.getRoster({ channel: lobby, counts: false, limit: 0, after: "" }), {
          until: ({ members }) => members.map(({ id }) => id).join() === ids.join()
        }),
      vanish: Scope.close(scope, Exit.void)
    }
  }).pipe(Scope.provide(scope))
})

/** Lets virtual time and real sockets go on together until the effect is done. */
const passingTime = Effect.fnUntraced(function* <A, E>(effect: Effect.Effect<A, E>) {
  const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
  while (fiber.pollUnsafe() === undefined) {
    yield* TestClock.adjust("50 millis")
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  }
  return yield* Fiber.join(fiber)
})

describe("the roster service", () => {
  it.live("carries joins and leaves from one connector to another", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const watcher = yield* connect(address, hello("connector-2"), join(member("bob")), watch)
      yield* watcher.sees("bob")
      const source = yield* connect(address, hello("connector-1"), join(member("ann")))
      assert.deepStrictEqual(yield* watcher.hears, ["+ann"])

      yield* source.say(leave("ann"))
      assert.deepStrictEqual(yield* watcher.hears, ["-ann"])
    })
  )

  it.live("takes what is said in one message in order", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const { hears } = yield* connect(
        address,
        hello("connector-1"),
        join(member("before")),
        watch,
        join(member("dropped")),
        unwatch,
        watch,
        join(member("told"))
      )
      assert.deepStrictEqual(yield* hears, ["+told"])
    })
  )

  it.live("answers a page of the roster, and the counts", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const { client, sees } = yield* connect(
        address,
        hello("connector-1"),
        ...["a", "b", "c"].map((id) => join(member(id)))
      )
      yield* sees("a", "b", "c")

      const page = { channel: lobby, counts: false, limit: 2, after: "" }
      const first = yield* client.getRoster(page)
      assert.deepInclude(first, { memberCount: 3, userCount: 1, next: "b" })
      assert.deepStrictEqual(
        first.members.map(({ id, data }) => [id, [...data]]),
        [
          ["a", [1]],
          ["b", [1]]
        ]
      )

      const last = yield* client.getRoster({ ...page, after: first.next })
      assert.deepStrictEqual([last.members.map(({ id }) => id), last.next], [["c"], ""])
      const counts = yield* client.getRoster({ ...page, counts: true })
      assert.deepStrictEqual([counts.members, counts.memberCount], [[], 3])
    })
  )

  it.live.each([
    ["does not begin with hello", [join(member("ann"))]],
    ["begins with nothing", []],
    ["names no node", [hello("")]],
    ["says hello twice", [hello("connector-1"), hello("connector-1")]]
  ] as const)("refuses a stream that %s", ([, first]) =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const { hears } = yield* connect(address, ...first)
      const refused = yield* Effect.flip(hears)
      assert.deepInclude(refused, { _tag: "Failure", code: "bad_request" })
    })
  )

  it.live("skips what it does not understand, and keeps the stream", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const connector = yield* connect(
        address,
        hello("connector-1"),
        { announcement: undefined },
        join(undefined),
        join(member("")),
        join(member("ann"))
      )
      yield* connector.sees("ann")
      yield* connector.say(join(member("bob")))
      const { memberCount } = yield* connector.sees("ann", "bob")
      assert.strictEqual(memberCount, 2)
    })
  )

  it.live("ends the older stream of a node as unavailable", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const older = yield* connect(address, hello("connector-1"), join(member("ann")))
      yield* older.sees("ann")
      yield* connect(address, hello("connector-1"))
      assert.deepInclude(yield* Effect.flip(older.hears), { code: "unavailable" })
    })
  )

  it.effect("takes away the members of a connector that vanished", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const watcher = yield* connect(address, hello("connector-2"), watch)
      const gone = yield* connect(address, hello("connector-1"), join(member("ann")))
      yield* gone.sees("ann")

      yield* gone.vanish
      yield* passingTime(watcher.sees())
    })
  )

  it.effect("shows nobody a connector that lost its stream and says everything again", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const old = yield* connect(
        address,
        hello("connector-1"),
        join(member("ann")),
        join(member("bob"))
      )
      yield* old.sees("ann", "bob")
      const watcher = yield* connect(address, hello("connector-2"), watch, join(member("cat")))
      yield* watcher.sees("ann", "bob", "cat")
      assert.deepStrictEqual(yield* passingTime(watcher.hears), ["+cat"])

      yield* old.vanish
      const next = yield* connect(
        address,
        hello("connector-1"),
        join(member("ann")),
        join(member("dan"))
      )
      yield* next.sees("ann", "bob", "cat", "dan")

      assert.deepStrictEqual(yield* passingTime(watcher.hears), ["+dan"])
      assert.deepStrictEqual(yield* passingTime(watcher.hears), ["-bob"])
    })
  )
})
