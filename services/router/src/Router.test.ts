import { assert, describe, it } from "@effect/vitest"
import { layerStatic } from "@weir/cluster/LocalCluster"
import { failure } from "@weir/core/Failure"
import { makeNamespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import { Routers } from "@weir/mesh/Routers"
import type { LaneItem } from "@weir/proto/mesh/v1/router"
import { decodePublication } from "@weir/wire/Publications"
import { Effect, Layer, type Scope } from "effect"
import { takeItems } from "./Lane.fixture.ts"
import type { Lane } from "./Lane.ts"
import { layerMemory } from "./ports/MemoryLogStore.ts"
import { layerMemory as layerRecords } from "./ports/ShardRecords.ts"
import { Router, layer as routerLayer } from "./Router.ts"

/** There is no other router: nothing may be asked of one. */
const alone = Layer.succeed(Routers, {
  publish: () => Effect.die("asked another router"),
  forward: () => {
    throw new Error("asked another router")
  },
  read: () => Effect.die("asked another router"),
  handoff: () => Effect.die("asked another router"),
  listOwned: () => Effect.die("asked another router"),
  attach: () => Effect.die("asked another router")
})

const layer = routerLayer({
  node: "router-1",
  namespaces: new Map([
    ["chat", makeNamespace("chat", { historySize: 100 })],
    ["live", makeNamespace("live", { logged: false })]
  ])
}).pipe(
  Layer.provide(layerMemory),
  Layer.provide(layerRecords),
  Layer.provide(alone),
  Layer.provide(layerStatic([{ name: "router-1", role: "router", mesh: "127.0.0.1:1" }]))
)

const message = (channel: string, messageId = "") => ({
  channel,
  messageId,
  key: "",
  publisher: "ann",
  contentType: "",
  data: new TextEncoder().encode(JSON.stringify("x".repeat(1_000)))
})

const publish = (channel: string, count: number) =>
  Effect.flatMap(Router, (router) =>
    Effect.forEach(Array.from({ length: count }), () => router.publish(message(channel)), {
      concurrency: "unbounded"
    })
  )

const show = ({ item }: LaneItem): string => {
  switch (item?.$case) {
    case "publication":
      return `publication ${decodePublication(item.value).publication.position.offset}`
    case "gap":
      return `gap ${item.value.reason} ${item.value.from}-${item.value.to}`
    case "attached":
      return `attached ${item.value.position?.offset} ${item.value.recovered} ${item.value.reason}`
    default:
      return String(item?.$case)
  }
}

/** The next so many items of the lane, as words. */
const take = Effect.fnUntraced(function* (lane: Lane, count: number) {
  const items: Array<string> = []
  while (items.length < count)
    items.push(...(yield* takeItems(lane, count - items.length)).map(show))
  return items
})

const attached = Effect.fnUntraced(function* (channel: string, credit: number, since?: Position) {
  const router = yield* Router
  const lane = yield* router.openLane("connector-1")
  lane.grant(credit)
  router.attach(lane, { channel, since, attach: 1 })
  const [answer] = yield* take(lane, 1)
  return { answer, lane }
})

const publications = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `publication ${from + index}`)

const mebibyte = 1024 * 1024

/** Enough for `attached`; the first publication takes the rest and more. */
const oneItem = 200

describe("Router", () => {
  const test = (title: string, body: Effect.Effect<void, unknown, Router | Scope.Scope>) =>
    it.live(title, () => body.pipe(Effect.provide(layer)))

  test(
    "orders what is published and gives it to every lane that is attached",
    Effect.gen(function* () {
      const left = yield* attached("chat:lobby", mebibyte)
      const right = yield* attached("chat:lobby", mebibyte)
      const accepted = yield* publish("chat:lobby", 10)

      assert.deepStrictEqual(
        accepted.map(({ position }) => position.offset),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
      )
      assert.deepStrictEqual(yield* take(left.lane, 10), publications(1, 10))
      assert.deepStrictEqual(yield* take(right.lane, 10), publications(1, 10))
    })
  )

  test(
    "stops a lane that has no credit, and goes on from the log when it has",
    Effect.gen(function* () {
      const { lane } = yield* attached("chat:lobby", 3_000)
      yield* publish("chat:lobby", 50)
      const first = yield* takeItems(lane, 100)
      assert.isBelow(first.length, 6)

      yield* publish("chat:lobby", 10)
      lane.grant(mebibyte)
      const rest = yield* take(lane, 60 - first.length)
      assert.deepStrictEqual([...first.map(show), ...rest], publications(1, 60))

      yield* publish("chat:lobby", 1)
      assert.deepStrictEqual(yield* take(lane, 1), ["publication 61"])
    })
  )

  test(
    "lets a channel that has used its share of a lane wait, and no other",
    Effect.gen(function* () {
      const router = yield* Router
      const { lane } = yield* attached("live:hot", mebibyte)
      router.attach(lane, { channel: "live:quiet", since: undefined, attach: 2 })
      yield* take(lane, 1)
      yield* publish("live:hot", 600)
      yield* publish("live:quiet", 1)
      const items = yield* takeItems(lane, 1_000)

      // Half a mebibyte, of a little more than a kilobyte each.
      assert.isAbove(items.length, 450)
      assert.isBelow(items.length, 520)
      const [last] = items.slice(-1)
      const { channel } = decodePublication(last!.item!.value as Uint8Array).publication
      assert.strictEqual(channel, "live:quiet")
    })
  )

  test(
    "says what a lane without credit missed when the log has let go of it",
    Effect.gen(function* () {
      const { lane } = yield* attached("chat:lobby", oneItem)
      yield* publish("chat:lobby", 300)
      const [first] = yield* take(lane, 1)
      lane.grant(mebibyte)

      assert.strictEqual(first, "publication 1")
      assert.deepStrictEqual(yield* take(lane, 101), [
        "gap trimmed 2-200",
        ...publications(201, 300)
      ])
    })
  )

  test(
    "says what a lane without credit missed of a channel without history",
    Effect.gen(function* () {
      const { lane } = yield* attached("live:ticker", oneItem)
      yield* publish("live:ticker", 20)
      yield* take(lane, 1)
      lane.grant(mebibyte)

      assert.deepStrictEqual(yield* take(lane, 1), ["gap dropped 2-20"])
      yield* publish("live:ticker", 1)
      assert.deepStrictEqual(yield* take(lane, 1), ["publication 21"])
    })
  )

  test(
    "judges the position that a lane comes back with",
    Effect.gen(function* () {
      const accepted = yield* publish("chat:lobby", 5)
      const third = accepted[2]!.position

      const back = yield* attached("chat:lobby", mebibyte, third)
      assert.strictEqual(back.answer, "attached 5 true ")
      assert.deepStrictEqual(yield* take(back.lane, 2), publications(4, 5))

      const elsewhere = yield* attached("chat:lobby", mebibyte, { ...third, epoch: "other" })
      assert.strictEqual(elsewhere.answer, "attached 5 false epoch_changed")
      const undone = yield* attached("chat:lobby", mebibyte, { ...third, term: 1 })
      assert.strictEqual(undone.answer, "attached 5 false rolled_back")
    })
  )

  test(
    "answers a repeated message id with the first position, also within one batch",
    Effect.gen(function* () {
      const router = yield* Router
      const { lane } = yield* attached("chat:lobby", mebibyte)
      const ids = ["a", "a", "b", "a", "b", ""]
      const accepted = yield* Effect.forEach(
        ids,
        (id) => router.publish(message("chat:lobby", id)),
        { concurrency: "unbounded" }
      )

      assert.deepStrictEqual(
        accepted.map(({ duplicate, position }) => `${position.offset}${duplicate ? " again" : ""}`),
        ["1", "1 again", "2", "1 again", "2 again", "3"]
      )
      assert.deepStrictEqual(yield* take(lane, 3), publications(1, 3))
    })
  )

  test(
    "forgets the lanes that are gone",
    Effect.gen(function* () {
      const router = yield* Router
      yield* Effect.scoped(attached("chat:lobby", mebibyte))
      const { lane } = yield* attached("chat:lobby", mebibyte)
      yield* publish("chat:lobby", 1)
      assert.deepStrictEqual(yield* take(lane, 1), ["publication 1"])
      router.detach(lane, "chat:lobby")
      yield* publish("chat:lobby", 1)
      assert.deepStrictEqual([...lane.channels], [])
    })
  )

  test(
    "tells a lane that asks for a namespace that does not exist",
    Effect.gen(function* () {
      const { answer } = yield* attached("nowhere:x", mebibyte)
      assert.strictEqual(answer, "refused")
      const router = yield* Router
      const refused = yield* Effect.flip(router.publish(message("nowhere:x")))
      assert.deepStrictEqual(
        refused,
        failure("unknown_namespace", 'channel: no namespace "nowhere"')
      )
    })
  )
})
