/**
 * What every `LogStore` must honour, whatever keeps the logs.
 *
 * The layer is built anew for each test: nothing of the channels of `LogCases.contract` is
 * stored, and the caller's term is that of their shards.
 */
import { assert, describe, it } from "@effect/vitest"
import { makeNamespace } from "@weir/core/Namespace"
import { Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import {
  append,
  appendLarge,
  door,
  entriesAfter,
  headOf,
  heavyLobby,
  lobby,
  none,
  offsets,
  term,
  ticker,
  upTo
} from "./LogCases.contract.ts"
import { type LogTest, ownershipContract } from "./LogOwnership.contract.ts"
import { LogStore } from "./LogStore.ts"

export const logStoreContract = (store: string, layer: Layer.Layer<LogStore>) =>
  describe(`LogStore on ${store}`, () => {
    const test: LogTest = (title, body) => it.effect(title, () => body.pipe(Effect.provide(layer)))

    test(
      "begins a log at offset 0 of an epoch that stays",
      Effect.gen(function* () {
        const head = yield* headOf(lobby)
        assert.strictEqual(head.offset, 0)
        assert.match(head.epoch, /^[0-9a-z]{8}$/)
        assert.deepStrictEqual(yield* headOf(lobby), head)
      })
    )

    test(
      "gives back what was appended, byte by byte and in order",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const after = yield* headOf(lobby)
        const entries = entriesAfter(after, ["m-1", "m-2", "m-3"], 7)
        yield* logs.append({ ...lobby, after, entries })

        const page = yield* logs.read(lobby, { _tag: "After", offset: 0 }, upTo(10))
        assert.deepStrictEqual(
          page.entries.map(({ bytes }) => Buffer.from(bytes).toString("hex")),
          entries.map(({ bytes }) => Buffer.from(bytes).toString("hex"))
        )
        assert.deepStrictEqual(page.head, entries[2]!.publication.position)
        assert.strictEqual(page.publishedAt, 7)
        assert.isFalse(page.more)
      })
    )

    test(
      "appends nothing after a head that is not the log's",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const first = yield* headOf(lobby)
        const head = yield* append(lobby, none(2))
        const elsewhere = { ...head, epoch: "elsewhere" }
        const another = { ...head, term: term - 1 }

        for (const after of [first, elsewhere, another]) {
          const entries = entriesAfter(after, none(1))
          const result = yield* logs.append({ ...lobby, after, entries })
          assert.deepStrictEqual(result, { _tag: "Mismatch", head })
        }
        assert.deepStrictEqual(yield* headOf(lobby), head)
      })
    )

    test(
      "appends nothing of a batch in which one id is known, and says where it was",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const first = yield* append(lobby, ["m-1"])
        const entries = entriesAfter(first, ["m-0", "m-1", ""])

        const result = yield* logs.append({ ...lobby, after: first, entries })
        assert.deepStrictEqual(result, {
          _tag: "Duplicates",
          positions: new Map([[1, first]]),
          durable: true
        })
        assert.deepStrictEqual(yield* headOf(lobby), first)
      })
    )

    test(
      "accepts an id again after the window",
      Effect.gen(function* () {
        yield* append(lobby, ["m-1"])
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual((yield* append(lobby, ["m-1"])).offset, 2)
      })
    )

    test(
      "lets go of what is beyond its size, and says so to those who come from before",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const start = yield* headOf(lobby)
        const second = yield* append(lobby, none(2))
        const third = yield* append(lobby, none(1))
        yield* append(lobby, none(5))

        const page = yield* logs.resume(lobby, second, upTo(10))
        assert.deepStrictEqual(page.verdict, { recovered: false, reason: "trimmed", next: 4 })
        assert.deepStrictEqual(offsets(page), [4, 5, 6, 7, 8])
        assert.deepStrictEqual(page.before, third)
        const anchored = yield* logs.resume(lobby, third, upTo(10))
        assert.deepStrictEqual(anchored.verdict, { recovered: true, next: 4 })
        const fromStart = yield* logs.resume(lobby, start, upTo(10))
        assert.strictEqual(fromStart.verdict.reason, "trimmed")
      })
    )

    test(
      "lets go of what is too old, and still knows its head",
      Effect.gen(function* () {
        const logs = yield* LogStore
        yield* append(lobby, none(2), 0)
        const head = yield* append(lobby, none(1), 0)
        yield* TestClock.adjust("61 seconds")

        const page = yield* logs.read(lobby, { _tag: "After", offset: 0 }, upTo(10))
        assert.deepStrictEqual([offsets(page), page.next], [[], 4])
        const resumed = yield* logs.resume(lobby, head, upTo(10))
        assert.deepStrictEqual(resumed.verdict, { recovered: true, next: 4 })
      })
    )

    test(
      "reads pages forwards, backwards, from the end and from a time",
      Effect.gen(function* () {
        const logs = yield* LogStore
        yield* append(lobby, none(3), 1_000)
        yield* append(lobby, none(2), 2_000)

        const forward = yield* logs.read(lobby, { _tag: "After", offset: 1 }, upTo(2))
        assert.deepStrictEqual([offsets(forward), forward.more], [[2, 3], true])
        const backward = yield* logs.read(lobby, { _tag: "Before", offset: 0 }, upTo(2))
        assert.deepStrictEqual([offsets(backward), backward.more], [[5, 4], true])
        const further = yield* logs.read(lobby, { _tag: "Before", offset: 4 }, upTo(10))
        assert.deepStrictEqual([offsets(further), further.more], [[3, 2, 1], false])
        const last = yield* logs.read(lobby, { _tag: "Last", count: 2 }, upTo(10))
        assert.deepStrictEqual([offsets(last), last.next], [[4, 5], 4])
        const since = yield* logs.read(lobby, { _tag: "SinceTime", millis: 1_500 }, upTo(10))
        assert.deepStrictEqual(offsets(since), [4, 5])
      })
    )

    test(
      "reads pages that are bounded in bytes, one entry at least, and says that there is more",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const start = yield* headOf(lobby)
        for (const bytes of [300, 300, 900, 300]) yield* appendLarge(lobby, bytes)
        const small = upTo(10, 800)

        const forward = yield* logs.read(lobby, { _tag: "After", offset: 0 }, small)
        assert.deepStrictEqual([offsets(forward), forward.more], [[1, 2], true])
        const large = yield* logs.read(lobby, { _tag: "After", offset: 2 }, small)
        assert.deepStrictEqual([offsets(large), large.more], [[3], true])
        const rest = yield* logs.read(lobby, { _tag: "After", offset: 3 }, small)
        assert.deepStrictEqual([offsets(rest), rest.more], [[4], false])
        const backward = yield* logs.read(lobby, { _tag: "Before", offset: 4 }, small)
        assert.deepStrictEqual([offsets(backward), backward.more], [[3], true])
        assert.strictEqual(backward.before.offset, 2)
        const further = yield* logs.read(lobby, { _tag: "Before", offset: 3 }, small)
        assert.deepStrictEqual([offsets(further), further.more], [[2, 1], false])
        const last = yield* logs.read(lobby, { _tag: "Last", count: 3 }, small)
        assert.deepStrictEqual([offsets(last), last.next, last.more], [[2], 2, true])
        const resumed = yield* logs.resume(lobby, start, small)
        assert.deepStrictEqual([offsets(resumed), resumed.more], [[1, 2], true])
      })
    )

    test(
      "tells the head alone, and when it was published",
      Effect.gen(function* () {
        const logs = yield* LogStore
        assert.strictEqual((yield* logs.head(lobby)).publishedAt, 0)
        const head = yield* append(lobby, none(2), 7)
        assert.deepStrictEqual(yield* logs.head(lobby), { head, publishedAt: 7 })
      })
    )

    test(
      "lets go of what is beyond its bytes, but never of the newest",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const where = heavyLobby
        const first = yield* appendLarge(where, 400)
        yield* appendLarge(where, 400)
        yield* appendLarge(where, 400)
        const page = yield* logs.resume(where, first, upTo(10))
        assert.deepStrictEqual(page.verdict, { recovered: true, next: 2 })
        assert.deepStrictEqual(offsets(page), [2, 3])

        const alone = yield* appendLarge(where, 5_000)
        const all = yield* logs.read(where, { _tag: "After", offset: 0 }, upTo(10))
        assert.deepStrictEqual(offsets(all), [alone.offset])
      })
    )

    test(
      "keeps nothing of a channel without history but its order and its ids",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const where = ticker
        const first = yield* append(where, ["m-1"])
        const second = yield* append(where, ["m-2"])

        assert.deepStrictEqual(
          (yield* logs.resume(where, second, upTo(10))).verdict.recovered,
          true
        )
        const missed = yield* logs.resume(where, first, upTo(10))
        assert.deepStrictEqual(missed.verdict, { recovered: false, reason: "trimmed", next: 3 })
        assert.deepStrictEqual([offsets(missed), missed.before], [[], second])
        const again = yield* logs.append({
          ...where,
          after: second,
          entries: entriesAfter(second, ["m-1"])
        })
        assert.strictEqual(again._tag, "Duplicates")
      })
    )

    test(
      "gives only the newest where only that is kept, to whoever is of the epoch",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const where = door
        const first = yield* append(where, none(1))
        yield* append(where, none(8))

        const page = yield* logs.resume(where, first, upTo(10))
        assert.deepStrictEqual(page.verdict, { recovered: true, next: 9 })
        assert.deepStrictEqual([offsets(page), page.before.offset, page.more], [[9], 8, false])
      })
    )

    test(
      "gives only the newest also where more is kept, and nothing where it is gone",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const options = { historySize: 5, historyAgeSeconds: 60, slowConsumer: "conflate" } as const
        const where = { ...door, namespace: makeNamespace("state", options) }
        const first = yield* append(where, none(1))
        const head = yield* append(where, none(3))

        const page = yield* logs.resume(where, first, upTo(10))
        assert.deepStrictEqual([offsets(page), page.next, page.before.offset], [[4], 4, 3])
        yield* TestClock.adjust("61 seconds")
        const aged = yield* logs.resume(where, first, upTo(10))
        assert.deepStrictEqual(aged.verdict, { recovered: true, next: 5 })
        assert.deepStrictEqual([offsets(aged), aged.before], [[], head])
      })
    )

    test(
      "misses what was published where nothing is kept, also for those who want only the newest",
      Effect.gen(function* () {
        const logs = yield* LogStore
        const namespace = makeNamespace("live", { logged: false, slowConsumer: "conflate" })
        const where = { ...ticker, namespace }
        const first = yield* append(where, none(1))
        const second = yield* append(where, none(1))

        assert.isFalse((yield* logs.resume(where, first, upTo(10))).verdict.recovered)
        assert.isTrue((yield* logs.resume(where, second, upTo(10))).verdict.recovered)
      })
    )

    ownershipContract(test)
  })
