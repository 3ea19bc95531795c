import { assert, describe, it } from "@effect/vitest"
import { layerStatic } from "@weir/cluster/LocalCluster"
import { makeNamespace } from "@weir/core/Namespace"
import { Routers } from "@weir/mesh/Routers"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { takeItems } from "./Lane.fixture.ts"
import { LogStore, pageBytes } from "./ports/LogStore.ts"
import { makeMemory } from "./ports/MemoryLogStore.ts"
import { layerMemory as layerRecords } from "./ports/ShardRecords.ts"
import { make } from "./Router.ts"

const term = 4_096
const limits = { limit: 10, maxBytes: pageBytes }

/** Any use of another router is a defect. */
const alone = Layer.succeed(Routers, {
  publish: () => Effect.die("asked another router"),
  forward: () => {
    throw new Error("asked another router")
  },
  read: () => Effect.die("asked another router"),
  handoff: () => Effect.die("asked another router"),
  attach: () => Effect.die("asked another router")
})

const routerOn = (store: LogStore["Service"]) =>
  make({
    node: "router-1",
    namespaces: new Map([
      ["chat", makeNamespace("chat", { historyAgeSeconds: 60, dedupeSeconds: 1 })]
    ])
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        alone,
        Layer.succeed(LogStore, store),
        layerRecords,
        layerStatic([{ name: "router-1", role: "router", mesh: "127.0.0.1:1" }])
      )
    )
  )

const message = (channel: string, messageId = "") => ({
  channel,
  messageId,
  publisher: "ann",
  contentType: "",
  data: new TextEncoder().encode("1")
})

describe("a router's idle channels", () => {
  it.effect("leave nothing behind, though they were only read", () =>
    Effect.gen(function* () {
      const { size, store } = makeMemory()
      const router = yield* routerOn(store)
      const since = { epoch: "e1", term, offset: 3 }
      for (let n = 0; n < 5_000; n++) {
        yield* router.read(`chat:read-${n}`, { _tag: "After", offset: 0 }, limits)
        yield* router.resume(`chat:resumed-${n}`, since, limits)
      }
      assert.strictEqual(size(), 10_000)

      yield* TestClock.adjust("11 minutes")
      yield* router.forgetIdle
      assert.strictEqual(size(), 0)
    })
  )

  it.effect("are let go of only once their log holds nothing", () =>
    Effect.gen(function* () {
      const { size, store } = makeMemory()
      let isHeld = true
      const forget: typeof store.forget = (channel) =>
        Effect.suspend(() => (isHeld ? Effect.succeed(false) : store.forget(channel)))
      const router = yield* routerOn({ ...store, forget })
      yield* router.publish(message("chat:lobby"))
      yield* TestClock.adjust("11 minutes")
      yield* router.forgetIdle
      assert.strictEqual(size(), 1)
      isHeld = false
      yield* router.forgetIdle
      assert.strictEqual(size(), 0)
    })
  )

  it.effect("hold nothing that is too old while somebody listens", () =>
    Effect.gen(function* () {
      const { store } = makeMemory()
      const trimmed: Array<string> = []
      const trim = (channel: string) => {
        trimmed.push(channel)
        return store.trim(channel)
      }
      const router = yield* routerOn({ ...store, trim })
      const lane = yield* router.openLane("connector-1")
      router.attach(lane, { channel: "chat:lobby", since: undefined, attach: 1 })
      yield* TestClock.adjust("11 minutes")
      yield* router.forgetIdle
      assert.deepStrictEqual(trimmed, ["chat:lobby"])
    })
  )

  for (const isEmpty of [true, false]) {
    it.effect(`lose no lane that comes while the log is asked, empty: ${isEmpty}`, () =>
      Effect.gen(function* () {
        const { store } = makeMemory()
        const asked = yield* Deferred.make<void>()
        const answer = yield* Deferred.make<boolean>()
        const forget = () =>
          Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(answer))
        const router = yield* routerOn({ ...store, forget })
        yield* router.read("chat:lobby", { _tag: "After", offset: 0 }, limits)
        yield* TestClock.adjust("11 minutes")
        const sweep = yield* Effect.forkChild(router.forgetIdle)
        yield* Deferred.await(asked)

        const lane = yield* router.openLane("connector-1")
        lane.grant(1_000_000)
        router.attach(lane, { channel: "chat:lobby", since: undefined, attach: 1 })
        const [attached] = yield* takeItems(lane, 1)
        assert.strictEqual(attached?.item?.$case, "attached")
        yield* Deferred.succeed(answer, isEmpty)
        yield* Fiber.join(sweep)

        yield* router.publish(message("chat:lobby"))
        const [published] = yield* takeItems(lane, 1)
        assert.strictEqual(published?.item?.$case, "publication")
      })
    )
  }
})

describe("a publication on a log that does not end well", () => {
  const results = (store: LogStore["Service"], count: number) =>
    Effect.gen(function* () {
      const router = yield* routerOn(store)
      return yield* Effect.forEach(
        Array.from({ length: count }, (_, n) => `m-${n}`),
        (id) => Effect.flip(router.publish(message("chat:lobby", id))),
        { concurrency: "unbounded" }
      )
    })

  it.effect.each([
    ["of a log that takes its time", false],
    ["of a log that answers at once", true]
  ] as const)(
    "is answered after a defect %s, with all behind it, and the next one goes on",
    ([, now]) =>
      Effect.gen(function* () {
        const { store } = makeMemory()
        let isBroken = true
        const append: typeof store.append = (entries) =>
          Effect.andThen(
            Effect.yieldNow,
            Effect.suspend(() => (isBroken ? Effect.die("boom") : store.append(entries)))
          )
        const appendNow: NonNullable<typeof store.appendNow> =
          (namespace) => (entries, nowMillis) => {
            if (isBroken) throw new Error("boom")
            return store.appendNow!(namespace)!(entries, nowMillis)
          }
        const router = yield* routerOn({ ...store, append, appendNow: now ? appendNow : undefined })
        const publish = (id: string) => router.publish(message("chat:lobby", id))
        const failures = yield* Effect.forEach(["a", "a", "b"], (id) => Effect.flip(publish(id)), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(
          failures.map((it) => `${it.code} ${it.message}`),
          Array.from({ length: 3 }, () => "internal internal error")
        )
        isBroken = false
        assert.strictEqual((yield* publish("c")).position.offset, 1)
      })
  )

  it.effect("is answered when the owner stops, and so is who comes later", () =>
    Effect.gen(function* () {
      const { store } = makeMemory()
      const asked = yield* Deferred.make<void>()
      const append = () => Effect.andThen(Deferred.succeed(asked, undefined), Effect.never)
      const publications = yield* Effect.scoped(
        Effect.gen(function* () {
          const router = yield* routerOn({ ...store, append })
          const publish = (id: string) => Effect.flip(router.publish(message("chat:lobby", id)))
          const waiting = yield* Effect.forEach(["a", "a", "b"], (id) =>
            Effect.forkDetach(publish(id), { startImmediately: true })
          )
          yield* Deferred.await(asked)
          return { waiting, publish }
        })
      )
      const failures = [
        ...(yield* Effect.forEach(publications.waiting, Fiber.join)),
        yield* publications.publish("c")
      ]
      assert.deepStrictEqual(
        failures.map((it) => `${it.code} ${it.message}`),
        Array.from({ length: 4 }, () => "unavailable the server is stopping")
      )
    })
  )

  it.effect("is given up after 5 seconds", () =>
    Effect.gen(function* () {
      const { store } = makeMemory()
      const failing = yield* Effect.forkChild(
        results({ ...store, append: () => Effect.never, appendNow: undefined }, 2)
      )
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(failing.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      const failures = yield* Fiber.join(failing)
      assert.deepStrictEqual(
        failures.map(({ code }) => code),
        ["timeout", "aborted"]
      )
    })
  )
})
