import { assert, describe, it } from "@effect/vitest"
import { checkChannelName } from "@weir/core/ChannelName"
import { Readiness } from "@weir/telemetry/Readiness"
import { Effect } from "effect"
import { recentLimits } from "../Connection.fixture.ts"
import { at, makeFakeMesh, pass, publication, settle } from "../FakeRouters.fixture.ts"
import { Feeds } from "../Feeds.ts"
import { Flusher } from "../Flusher.ts"
import * as DeliveryProbe from "./DeliveryProbe.ts"
import * as Lanes from "./Lanes.ts"

const channel = "$probe:connector-1"
const notReady = ["delivery: no probe came back in 10 s"]

const start = Effect.gen(function* () {
  const mesh = yield* makeFakeMesh(1)
  const feeds = new Feeds(recentLimits)
  const readiness = yield* Readiness
  yield* Effect.gen(function* () {
    const flusher = new Flusher()
    yield* Effect.forkScoped(flusher.run)
    yield* Lanes.make({ node: "connector-1", feeds, flusher })
    yield* DeliveryProbe.make({ node: "connector-1", feeds })
  }).pipe(Effect.provide(mesh.layer))
  yield* settle
  let offset = 0
  return {
    mesh,
    missing: readiness.missing,
    lane: mesh.lane(1, channel),
    /** The newest probe arrives on its lane. */
    comeBack: Effect.suspend(() => {
      const { messageId } = mesh.published.at(-1)!
      mesh.lane(1, channel).give(publication(channel, at(++offset), messageId))
      return settle
    })
  }
})

describe("DeliveryProbe", () => {
  it.effect("publishes as soon as its lane follows it, and is ready when that came back", () =>
    Effect.gen(function* () {
      const { comeBack, lane, mesh, missing } = yield* start
      assert.deepStrictEqual([mesh.published, missing()], [[], notReady])
      lane.accept(at(0))
      yield* settle
      assert.deepStrictEqual(
        mesh.published.map((it) => it.channel),
        [channel]
      )
      assert.deepStrictEqual(missing(), notReady)
      yield* comeBack
      assert.deepStrictEqual(missing(), [])
    }).pipe(Effect.provide(Readiness.layer))
  )

  it.effect(
    "bears one loss, is not ready after two in a row, and ready at the next that comes",
    () =>
      Effect.gen(function* () {
        const { comeBack, lane, mesh, missing } = yield* start
        lane.accept(at(0))
        yield* settle
        yield* comeBack
        yield* pass(5_020)
        assert.lengthOf(mesh.published, 2)
        yield* pass(5_000)
        assert.deepStrictEqual(missing(), [], "one loss")
        yield* comeBack
        yield* pass(5_000)
        yield* pass(5_000)
        assert.deepStrictEqual(missing(), [], "again one, after one that came back")
        yield* pass(5_000)
        assert.deepStrictEqual(missing(), notReady)
        yield* comeBack
        assert.deepStrictEqual(missing(), [])
      }).pipe(Effect.provide(Readiness.layer))
  )

  it.effect("publishes again what no owner took", () =>
    Effect.gen(function* () {
      const { comeBack, lane, mesh, missing } = yield* start
      mesh.refusePublishes(true)
      lane.accept(at(0))
      yield* pass(400)
      assert.deepStrictEqual([mesh.published, missing()], [[], notReady])
      mesh.refusePublishes(false)
      yield* pass(220)
      yield* comeBack
      assert.deepStrictEqual(missing(), [])
    }).pipe(Effect.provide(Readiness.layer))
  )

  it("has a channel that no client can name", () => {
    assert.strictEqual(checkChannelName(channel)?.code, "invalid_channel")
  })
})
