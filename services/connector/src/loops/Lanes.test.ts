import { assert, describe, it } from "@effect/vitest"
import { shardOf } from "@weir/core/ChannelName"
import type { Position } from "@weir/core/Position"
import { Effect } from "effect"
import { at, makeSubscriber, pass, publication, settle } from "../FakeRouters.fixture.ts"

type Subscriber = Effect.Success<ReturnType<typeof makeSubscriber>>

const give = Effect.fnUntraced(function* (
  { channel, lane }: Subscriber,
  router: number,
  ...positions: ReadonlyArray<Position>
) {
  lane(router).give(...positions.map((position) => publication(channel, position)))
  yield* settle
})

const move = Effect.fnUntraced(function* (
  { channel, lane, mesh }: Subscriber,
  from: number,
  view = mesh.version()
) {
  const shard = shardOf(channel)
  lane(from).give({ $case: "moved", value: { shard, term: 1, owner: "router-9", view } })
  yield* settle
})

const beacon = Effect.fnUntraced(function* ({ channel, lane }: Subscriber, position: Position) {
  lane(1).give({ $case: "beacon", value: { channel, position } })
  yield* settle
})

const attachesOf = ({ lane }: Subscriber, router: number) =>
  lane(router).attaches.map(({ since }) => since)

describe("a channel whose owner changes", () => {
  it.effect("is read at the former owner to its last word, then at the next one", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber({ logged: false })
      const { lane, mesh, received } = subscriber
      yield* mesh.come(2)
      yield* give(subscriber, 1, at(6), at(7))
      assert.deepStrictEqual(attachesOf(subscriber, 2), [])

      yield* move(subscriber, 1)
      assert.deepStrictEqual(attachesOf(subscriber, 2), [at(7)])
      assert.strictEqual(lane(2).attaches[0]!.view, mesh.version())
      assert.deepStrictEqual(lane(1).detached, [])

      lane(2).accept(at(7))
      yield* give(subscriber, 2, at(8, 2), at(9, 2))
      assert.deepStrictEqual(received, [6, 7, 8, 9])
    })
  )

  it.effect("is attached at the next owner when the former one said so before our view did", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      const { mesh } = subscriber
      yield* move(subscriber, 1, mesh.version() + 1)
      assert.deepStrictEqual(mesh.saw, [mesh.version() + 1])
      assert.lengthOf(attachesOf(subscriber, 1), 1)
      yield* mesh.come(2)
      assert.deepStrictEqual(attachesOf(subscriber, 2), [at(5)])
    })
  )

  it.effect("is asked for where our view points when no newer one comes", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      yield* move(subscriber, 1, subscriber.mesh.version() + 1)
      yield* pass(180)
      assert.lengthOf(attachesOf(subscriber, 1), 1)
      yield* pass(60)
      assert.deepStrictEqual(attachesOf(subscriber, 1), [undefined, at(5)])
    })
  )

  it.effect("ignores what the former owner says after the move", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      const { channel, feed, lane, mesh, received } = subscriber
      yield* mesh.come(2)
      yield* move(subscriber, 1)
      lane(2).accept(at(5))
      const gap = { channel, reason: "trimmed", position: at(90), from: 6, to: 90 }
      lane(1).give({ $case: "gap", value: gap })
      yield* give(subscriber, 1, at(6))
      yield* beacon(subscriber, at(91))
      yield* move(subscriber, 1)
      assert.deepStrictEqual([received, feed.position], [[], at(5)])
      assert.lengthOf(attachesOf(subscriber, 2), 1)
    })
  )

  it.effect("waits for the last word 1.5 s, and then does without it", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      const { channel, lane, mesh } = subscriber
      yield* mesh.come(2)
      yield* pass(1_480)
      assert.deepStrictEqual(attachesOf(subscriber, 2), [])
      yield* pass(60)
      assert.deepStrictEqual(attachesOf(subscriber, 2), [at(5)])
      assert.deepStrictEqual(lane(1).detached, [channel])
    })
  )

  it.effect("does not wait for a former owner that has left the view", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      yield* subscriber.mesh.come(2)
      yield* subscriber.mesh.go(1)
      assert.deepStrictEqual(attachesOf(subscriber, 2), [at(5)])
    })
  )

  it.effect("does not wait for a former owner whose lane has ended", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      yield* subscriber.mesh.come(2)
      subscriber.lane(1).end()
      yield* settle
      assert.deepStrictEqual(attachesOf(subscriber, 2), [at(5)])
    })
  )

  it.effect("is read at a draining router until that has said its last word", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      const { mesh, received } = subscriber
      yield* mesh.come(2)
      yield* mesh.drain(1)
      yield* give(subscriber, 1, at(6))
      yield* move(subscriber, 1)
      assert.deepStrictEqual([received, attachesOf(subscriber, 2)], [[6], [at(6)]])
    })
  )

  it.effect("stays where it is when the view changes back in time", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      yield* subscriber.mesh.come(2)
      yield* subscriber.mesh.go(2)
      yield* pass(2_000)
      yield* give(subscriber, 1, at(6))
      assert.deepStrictEqual(subscriber.received, [6])
      assert.lengthOf(attachesOf(subscriber, 1), 1)
    })
  )

  it.effect("tells clients of a new epoch", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber({ logged: false })
      const { lane, mesh, received } = subscriber
      yield* mesh.come(2)
      yield* mesh.go(1)
      lane(2).accept(at(0, 2, "e2"), false, "epoch_changed")
      yield* give(subscriber, 2, at(1, 2, "e2"))
      assert.deepStrictEqual(received, ["epoch_changed to 0", 1])
    })
  )

  it.effect("is asked for at a pace while a router that our view names sends it away", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      const { lane } = subscriber
      let asked = 0
      for (let passed = 0; passed < 2_000; passed += 20) {
        if (lane(1).attaches.length > asked) yield* move(subscriber, 1)
        asked = lane(1).attaches.length
        yield* pass(20)
      }
      assert.isAbove(asked, 5)
      assert.isBelow(asked, 20)
    })
  )
})

describe("a channel that is refused", () => {
  it.effect("is asked for again when the owner allows it, and not before", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      const { lane, mesh } = subscriber
      yield* mesh.come(2)
      yield* move(subscriber, 1)
      lane(2).refuse(0)
      yield* pass(80)
      assert.lengthOf(attachesOf(subscriber, 2), 1)
      yield* pass(60)
      assert.lengthOf(attachesOf(subscriber, 2), 2)
      lane(2).refuse(500)
      yield* pass(480)
      assert.lengthOf(attachesOf(subscriber, 2), 2)
      yield* pass(60)
      assert.deepStrictEqual(attachesOf(subscriber, 2), [at(5), at(5), at(5)])
    })
  )
})

describe("a beacon", () => {
  it.effect.each([
    ["has a later offset", at(6)],
    ["has the same offset under another term", at(5, 2)],
    ["has an earlier offset under a later term", at(4, 2)],
    ["has another epoch", at(1, 1, "e2")]
  ] as const)("has the channel attached again when it %s", ([, position]) =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      yield* beacon(subscriber, position)
      assert.deepStrictEqual(attachesOf(subscriber, 1), [undefined, at(5)])
    })
  )

  it.effect.each([
    ["says what is known", at(5)],
    ["is older", at(4)],
    ["is of an earlier owner", at(7, 0)]
  ] as const)("is ignored when it %s", ([, position]) =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      yield* beacon(subscriber, position)
      assert.lengthOf(attachesOf(subscriber, 1), 1)
    })
  )

  it.effect("that stays ahead of what the owner replays is followed at a pace", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      const { lane } = subscriber
      for (let passed = 0; passed < 2_000; passed += 20) {
        yield* beacon(subscriber, at(9))
        lane(1).accept(at(9))
        yield* pass(20)
      }
      assert.isBelow(lane(1).attaches.length, 20)
    })
  )
})

describe("a channel of which only the newest counts", () => {
  it.effect("takes the newest from an owner whose log has lost what was passed on", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber({ slowConsumer: "conflate" })
      const { lane, mesh, received } = subscriber
      yield* mesh.come(2)
      yield* move(subscriber, 1)
      lane(2).accept(at(3, 2))
      yield* give(subscriber, 2, at(3, 2))
      yield* give(subscriber, 2, at(4, 2))
      // Without the word, a client drops what looks older than what it has.
      assert.deepStrictEqual(received, ["rolled_back to 2", 3, 4])
    })
  )

  it.effect("takes the newest where another owner wrote at the offset passed on", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber({ slowConsumer: "conflate" })
      const { lane, mesh, received } = subscriber
      yield* mesh.come(2)
      yield* move(subscriber, 1)
      lane(2).accept(at(5, 2))
      yield* give(subscriber, 2, at(5, 2))
      assert.deepStrictEqual(received, ["rolled_back to 4", 5])
    })
  )
})

describe("a lane", () => {
  it.effect("that is opened again names its channels with the last position passed on", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      yield* give(subscriber, 1, at(6))
      const former = subscriber.lane(1)
      former.end()
      yield* pass(200)
      assert.notStrictEqual(subscriber.lane(1), former)
      assert.deepStrictEqual(attachesOf(subscriber, 1), [at(6)])
    })
  )

  it.effect("has a channel attached again when something was lost on it", () =>
    Effect.gen(function* () {
      const subscriber = yield* makeSubscriber()
      const { lane, received } = subscriber
      yield* give(subscriber, 1, at(6), at(8), at(9))
      assert.deepStrictEqual([received, attachesOf(subscriber, 1)], [[6], [undefined, at(6)]])
      lane(1).accept(at(9))
      yield* give(subscriber, 1, at(7), at(8), at(9))
      assert.deepStrictEqual(received, [6, 7, 8, 9])
    })
  )

  it.effect("is told when nobody wants a channel any more", () =>
    Effect.gen(function* () {
      const { channel, client, feeds, lane } = yield* makeSubscriber()
      feeds.leave(client.subscription)
      yield* settle
      assert.deepStrictEqual(lane(1).detached, [channel])
    })
  )
})
