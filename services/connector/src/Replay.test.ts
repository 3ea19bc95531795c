import { assert, describe, it } from "@effect/vitest"
import { makeNamespace, type NamespaceOptions } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import { Routers } from "@weir/mesh/Routers"
import type { ReadResponse } from "@weir/proto/mesh/v1/router"
import { decodePublication } from "@weir/wire/Publications"
import { Effect } from "effect"
import { makeClient } from "./Client.fixture.ts"
import { recentLimits } from "./Connection.fixture.ts"
import { at, pass, publication, settle } from "./FakeRouters.fixture.ts"
import { Feeds } from "./Feeds.ts"
import * as Replay from "./Replay.ts"
import type { Session } from "./Session.ts"
import type { Subscription } from "./Subscription.ts"

const channel = "chat:lobby"

/** What an owner answers whose log ends with these, to somebody who has what is before them. */
const page = (...[first, ...rest]: readonly [Position, ...ReadonlyArray<Position>]) => ({
  position: rest.at(-1) ?? first,
  recovered: true,
  reason: "",
  next: first.offset + 1,
  before: first,
  publications: rest.map((position) => publication(channel, position).value as Uint8Array),
  more: false,
  moved: undefined
})

/** A set of those that are behind; without end, it would be a test without end. */
class Behind extends Set<Subscription> {
  #added = 0

  override add(subscription: Subscription): this {
    if (++this.#added > 100) throw new Error("put behind again and again")
    return super.add(subscription)
  }
}

/** A client that has up to `cursor` of a channel that stands at `position` here. */
const replaying = Effect.fnUntraced(function* (
  cursor: Position,
  position: Position,
  options: typeof NamespaceOptions.Type = {}
) {
  const pages: Array<ReadResponse> = []
  const asked: Array<Position> = []
  const routers = {
    read: ({ from }: { readonly from: { readonly value: Position } }) =>
      Effect.sync(() => {
        asked.push(from.value)
        return pages.length > 1 ? pages.shift() : pages[0]
      })
  } as unknown as Routers["Service"]
  const feeds = new Feeds(recentLimits)
  const { connection, received, stopReading, subscription } = makeClient(channel)
  const feed = feeds.join(subscription, makeNamespace("chat", options))
  feed.attachedAt(position)
  const session = { connection, behind: new Behind().add(subscription) } as unknown as Session
  const replayer = yield* Effect.provideService(Replay.make(feeds), Routers, routers)
  feed.place(subscription, cursor)
  const start = (...answers: ReadonlyArray<ReadResponse>) => {
    pages.push(...answers)
    replayer.start(session)
    return settle
  }
  return { start, asked, connection, feed, stopReading, subscription, received }
})

describe("a replay", () => {
  it.effect("gives what is missing, and ends where the channel stands", () =>
    Effect.gen(function* () {
      const { start, received, subscription } = yield* replaying(at(5), at(7))
      yield* start(page(at(5), at(6), at(7)))
      assert.deepStrictEqual([received, subscription.state], [[6, 7], "live"])
    })
  )

  it.effect("asks again when who answered has less than the channel was given here", () =>
    Effect.gen(function* () {
      const { asked, received, start, subscription } = yield* replaying(at(5), at(7))
      yield* start(page(at(5)), page(at(5), at(6), at(7)))
      assert.deepStrictEqual([asked, subscription.state], [[at(5)], "behind"])
      yield* pass(2_020)
      assert.deepStrictEqual([received, subscription.state], [[6, 7], "live"])
    })
  )

  it.effect("goes on at once when the lane tells where the channel stands", () =>
    Effect.gen(function* () {
      const { feed, start, subscription } = yield* replaying(at(5), at(7))
      yield* start({ ...page(at(0, 2, "e2")), recovered: false, reason: "epoch_changed" })
      assert.strictEqual(subscription.state, "behind")
      feed.moveTo(at(0, 2, "e2"), "epoch_changed", () => true)
      yield* settle
      assert.strictEqual(subscription.state, "live")
    })
  )

  it.effect("waits again when it stands beside its channel in the new place, too", () =>
    Effect.gen(function* () {
      const { asked, feed, start, subscription } = yield* replaying(at(5), at(7))
      yield* start(page(at(5)))
      feed.moveTo(at(9), "trimmed", () => true)
      yield* settle
      assert.deepStrictEqual([asked, subscription.state], [[at(5), at(5)], "behind"])
    })
  )

  it.effect("has the owner judge a cursor that may be in a part of the log that was lost", () =>
    Effect.gen(function* () {
      const { asked, received, start, subscription } = yield* replaying(at(9), at(7, 2))
      yield* start({ ...page(at(7, 2)), recovered: false, reason: "rolled_back" })
      assert.deepStrictEqual(asked, [at(9)])
      assert.deepStrictEqual([received, subscription.state], [["rolled_back to 7"], "live"])
    })
  )

  it.effect("says that the log went back where only the newest counts", () =>
    Effect.gen(function* () {
      const latest = { slowConsumer: "conflate" } as const
      const { received, start, subscription } = yield* replaying(at(9), at(7, 2), latest)
      yield* start(page(at(6, 2), at(7, 2)))
      assert.deepStrictEqual([received, subscription.state], [["rolled_back to 6", 7], "live"])
    })
  )

  it.effect("waits for the socket after each publication that is all that it takes", () =>
    Effect.gen(function* () {
      const oldest = { logged: false, slowConsumer: "dropOldest" } as const
      const slow = yield* replaying(at(5), at(5), oldest)
      const { connection, feed, received, start, stopReading } = slow
      stopReading()
      for (const position of [at(6), at(7), at(8)]) {
        feed.deliver([decodePublication(publication(channel, position).value as Uint8Array)], 0)
      }
      assert.deepStrictEqual(received, [6])

      connection.drained()
      yield* start()
      assert.deepStrictEqual(received, [6, 7])
      connection.drained()
      yield* start()
      assert.deepStrictEqual(received, [6, 7, 8])
    })
  )
})
