import { assert, describe, it } from "@effect/vitest"
import { layerStatic } from "@weir/cluster/LocalCluster"
import { type Failure, failure } from "@weir/core/Failure"
import { makeNamespace } from "@weir/core/Namespace"
import type { Accepted } from "@weir/core/Publication"
import { Routers } from "@weir/mesh/Routers"
import { Deferred, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import type { Moved } from "./domain/Moved.ts"
import { pageBytes } from "./domain/Page.ts"
import { takeItems } from "./Lane.fixture.ts"
import { type AppendResult, type Fenced, LogStore } from "./ports/LogStore.ts"
import { makeMemory } from "./ports/MemoryLogStore.ts"
import { layerMemory as layerRecords } from "./ports/ShardRecords.ts"
import { make, type Router } from "./Router.ts"

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
  listOwned: () => Effect.die("asked another router"),
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
  key: "",
  publisher: "ann",
  contentType: "",
  data: new TextEncoder().encode("1")
})

const answersAtOnce = "a log that answers at once"

const ways = ["a log that takes a fiber", answersAtOnce, "a log that answers later"] as const

const unavailable = Exit.fail(failure("unavailable", "the log is not available"))

type Trouble = "none" | "dies" | "hangs" | "forgets" | "forgets its answer" | "refuses"

/** A log that takes appends in one of these ways, and what it does from the second one on. */
const troubled = (way: (typeof ways)[number]) => {
  const { store } = makeMemory()
  const hangs = Deferred.makeUnsafe<void>()
  const log = {
    hangs,
    trouble: "none" as Trouble,
    /** Appends that it was asked for in trouble. */
    asked: 0,
    store: undefined as unknown as LogStore["Service"]
  }
  const appendThen: NonNullable<typeof store.appendThen> =
    (namespace) => (asked, nowMillis, decided) => {
      const { trouble } = log
      if (trouble !== "none") log.asked++
      const append = (then: typeof decided) => store.appendThen!(namespace)!(asked, nowMillis, then)
      switch (trouble) {
        case "none":
          return append(decided)
        case "dies":
          return decided(Exit.die("boom"))
        case "hangs":
          return void Deferred.doneUnsafe(hangs, Exit.void)
        case "refuses":
          return decided(unavailable)
        case "forgets":
        case "forgets its answer":
          log.trouble = "none"
          if (trouble === "forgets its answer") append(() => {})
          return decided(unavailable)
      }
    }
  const later: typeof appendThen = (namespace) => (asked, nowMillis, decided) =>
    queueMicrotask(() => appendThen(namespace)!(asked, nowMillis, decided))
  const append: typeof store.append = (asked) =>
    Effect.andThen(
      Effect.yieldNow,
      Effect.callback<AppendResult, Failure | Fenced>((resume) =>
        appendThen(asked.namespace)!(asked, 0, resume)
      )
    )
  const byWay = {
    "a log that takes a fiber": undefined,
    [answersAtOnce]: appendThen,
    "a log that answers later": later
  }[way]
  log.store = { ...store, append, appendThen: byWay }
  return log
}

/** Publishes what finds out where the log is, which takes a fiber, and lets that end. */
const begin = (router: Router["Service"]) =>
  Effect.andThen(
    router.publish(message("chat:lobby", "first")),
    Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
  )

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

  it.effect.each(ways)(
    "is answered after a defect of %s, with all behind it, and the next one goes on",
    (way) =>
      Effect.gen(function* () {
        const log = troubled(way)
        const router = yield* routerOn(log.store)
        const publish = (id: string) => router.publish(message("chat:lobby", id))
        yield* begin(router)
        log.trouble = "dies"
        const failures = yield* Effect.forEach(["a", "a", "b"], (id) => Effect.flip(publish(id)), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(
          failures.map((it) => `${it.code} ${it.message}`),
          Array.from({ length: 3 }, () => "internal internal error")
        )
        log.trouble = "none"
        assert.strictEqual((yield* publish("c")).position.offset, 2)
      })
  )

  it.effect.each(ways.filter((way) => way !== answersAtOnce))(
    "is answered when the owner stops and waits for %s, and so is who comes later",
    (way) =>
      Effect.gen(function* () {
        const log = troubled(way)
        const publications = yield* Effect.scoped(
          Effect.gen(function* () {
            const router = yield* routerOn(log.store)
            yield* begin(router)
            log.trouble = "hangs"
            /** As another router asks: nobody but the owner answers. */
            const publish = (id: string) =>
              Effect.callback<Accepted, Failure | Moved>((resume) =>
                router.submit(message("chat:lobby", id), resume)
              )
            const waiting = yield* Effect.forEach(["a", "a", "b"], (id) =>
              Effect.forkDetach(Effect.flip(publish(id)), { startImmediately: true })
            )
            yield* Deferred.await(log.hangs)
            return { waiting, publish }
          })
        )
        const failures = [
          ...(yield* Effect.forEach(publications.waiting, Fiber.join)),
          yield* Effect.flip(publications.publish("c"))
        ]
        assert.deepStrictEqual(
          failures.map((it) => (it._tag === "Failure" ? `${it.code} ${it.message}` : it._tag)),
          Array.from({ length: 4 }, () => "unavailable the server is stopping")
        )
      })
  )

  it.effect.each(ways)("is tried twice at %s that refuses, and then given up", (way) =>
    Effect.gen(function* () {
      const log = troubled(way)
      const router = yield* routerOn(log.store)
      yield* begin(router)
      log.trouble = "refuses"
      const refused = yield* Effect.flip(router.publish(message("chat:lobby", "a")))
      assert.deepStrictEqual([refused.code, log.asked], ["unavailable", 2])
    })
  )

  it.effect.each(
    ways.flatMap((way) => [
      { way, trouble: "forgets its answer" as const },
      { way, trouble: "forgets" as const }
    ])
  )("is appended once by $way that once $trouble", ({ trouble, way }) =>
    Effect.gen(function* () {
      const log = troubled(way)
      const router = yield* routerOn(log.store)
      const publish = (id: string) => router.publish(message("chat:lobby", id))
      yield* begin(router)
      log.trouble = trouble
      const accepted = yield* Effect.forEach(["a", "b"], publish, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        accepted.map(({ duplicate, position }) => [position.offset, duplicate]),
        [
          [2, false],
          [3, false]
        ]
      )
      const { entries } = yield* router.read("chat:lobby", { _tag: "After", offset: 0 }, limits)
      assert.deepStrictEqual(
        entries.map(({ publication }) => publication.messageId),
        ["first", "a", "b"]
      )
    })
  )

  it.effect("is given up after 5 seconds", () =>
    Effect.gen(function* () {
      const { store } = makeMemory()
      const failing = yield* Effect.forkChild(
        results({ ...store, append: () => Effect.never, appendThen: undefined }, 2)
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
