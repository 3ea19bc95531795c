/**
 * The part of `LogStore`'s contract that owners rely on when a channel changes hands, and
 * when a store has lost what it had.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import {
  append,
  appendLarge,
  entriesAfter,
  headOf,
  lobby,
  none,
  offsets,
  term,
  ticker,
  upTo
} from "./LogCases.contract.ts"
import { LogStore } from "./LogStore.ts"

export type LogTest = (title: string, body: Effect.Effect<void, unknown, LogStore>) => void

export const ownershipContract = (test: LogTest): void => {
  test(
    "appends nothing where there is no log, and begins none",
    Effect.gen(function* () {
      const logs = yield* LogStore
      const after = { epoch: "gone", term, offset: 3 }
      for (const where of [lobby, ticker]) {
        const entries = entriesAfter(after, ["m-1"])
        const result = yield* logs.append({ ...where, after, entries })
        assert.deepStrictEqual(result, { _tag: "Mismatch", head: undefined })
        assert.strictEqual((yield* headOf(where)).offset, 0)
      }
    })
  )

  test(
    "keeps the term that an entry was first written under, and judges positions by it",
    Effect.gen(function* () {
      const logs = yield* LogStore
      const after = yield* headOf(lobby)
      const entries = [
        ...entriesAfter(after, ["m-1", "m-2"], 0, term - 2),
        ...entriesAfter({ ...after, offset: 2 }, ["m-3"], 0, term - 1)
      ]
      const result = yield* logs.append({ ...lobby, after, entries })
      assert.deepStrictEqual(result, { _tag: "Appended", durable: true })
      const [first, second, third] = entries.map(({ publication }) => publication.position)
      assert.deepStrictEqual(yield* headOf(lobby), third)

      const resumed = yield* logs.resume(lobby, first!, upTo(10))
      assert.deepStrictEqual([resumed.verdict.recovered, offsets(resumed)], [true, [2, 3]])
      const last = yield* logs.read(lobby, { _tag: "Last", count: 1 }, upTo(10))
      assert.deepStrictEqual(last.before, second)
      for (const elsewhere of [first!, third!, { ...third!, offset: 4 }]) {
        const page = yield* logs.resume(lobby, { ...elsewhere, term }, upTo(10))
        const verdict = { recovered: false, reason: "rolled_back", next: 4 }
        assert.deepStrictEqual([page.verdict as object, offsets(page)], [verdict, []])
        assert.deepStrictEqual(page.before, third)
      }
    })
  )

  test(
    "ends the log of an epoch once, and begins another that knows nothing of it",
    Effect.gen(function* () {
      const logs = yield* LogStore
      for (const where of [lobby, ticker]) {
        const last = yield* append(where, ["m-1", "m-2"], 7)
        const renewed = yield* logs.renew(where, last.epoch)
        assert.deepStrictEqual([renewed.head.offset, renewed.publishedAt], [0, 0])
        assert.notStrictEqual(renewed.head.epoch, last.epoch)
        assert.deepStrictEqual(yield* logs.renew(where, last.epoch), renewed)

        const page = yield* logs.resume(where, last, upTo(10))
        const verdict = { recovered: false, reason: "epoch_changed", next: 1 }
        assert.deepStrictEqual([page.verdict as object, offsets(page)], [verdict, []])
        assert.strictEqual((yield* append(where, ["m-1"])).offset, 1)
      }
    })
  )

  test(
    "goes on at the head that another owner left, and keeps what comes in the next second",
    Effect.gen(function* () {
      const logs = yield* LogStore
      const left = { epoch: "left1234", term: term - 1, offset: 41 }
      yield* logs.adopt(ticker, { head: left, ids: [] })
      assert.deepStrictEqual(yield* headOf(ticker), left)
      yield* append(ticker, ["m-1"])
      yield* TestClock.adjust("900 millis")
      const head = yield* append(ticker, ["m-2"])

      const missed = yield* logs.resume(ticker, left, upTo(10))
      assert.deepStrictEqual(missed.verdict, { recovered: true, next: 42 })
      assert.deepStrictEqual([offsets(missed), missed.before], [[42, 43], left])
      assert.isFalse(yield* logs.forget(ticker.channel))
      yield* TestClock.adjust("100 millis")
      const late = yield* logs.resume(ticker, left, upTo(10))
      assert.deepStrictEqual(late.verdict, { recovered: false, reason: "trimmed", next: 44 })
      assert.deepStrictEqual([offsets(late), late.head], [[], head])
    })
  )

  test(
    "knows the message ids that the other owner left",
    Effect.gen(function* () {
      const logs = yield* LogStore
      const first = yield* append(ticker, ["m-1"])
      const second = yield* append(ticker, ["m-2"])
      const left = yield* logs.leave(ticker)
      yield* logs.release(ticker.channel)
      yield* logs.adopt(ticker, left)

      const entries = entriesAfter(second, ["m-3", "m-1"])
      const result = yield* logs.append({ ...ticker, after: second, entries })
      assert.deepStrictEqual(result, {
        _tag: "Duplicates",
        positions: new Map([[1, first]]),
        durable: true
      })
    })
  )

  test(
    "keeps 64 publications or 256 KiB of what comes in that second",
    Effect.gen(function* () {
      const logs = yield* LogStore
      yield* logs.adopt(ticker, { head: { epoch: "left1234", term, offset: 0 }, ids: [] })
      yield* append(ticker, none(100))
      const newest = yield* logs.read(ticker, { _tag: "After", offset: 0 }, upTo(1_000))
      assert.deepStrictEqual([newest.entries.length, newest.next], [64, 37])
      for (let n = 0; n < 4; n++) yield* appendLarge(ticker, 100_000)
      const page = yield* logs.read(ticker, { _tag: "After", offset: 0 }, upTo(1_000))
      assert.deepStrictEqual(offsets(page), [103, 104])
    })
  )

  test(
    "is not taken back to where the other owner was by being told so twice",
    Effect.gen(function* () {
      const logs = yield* LogStore
      const left = { epoch: "left1234", term, offset: 41 }
      yield* headOf(ticker)
      yield* logs.adopt(ticker, { head: left, ids: [] })
      const head = yield* append(ticker, none(1))
      yield* logs.adopt(ticker, { head: left, ids: [] })
      assert.deepStrictEqual(yield* headOf(ticker), head)
    })
  )

  test(
    "forgets a channel without history once it remembers no id, and no earlier",
    Effect.gen(function* () {
      const logs = yield* LogStore
      const { epoch } = yield* append(ticker, ["m-1"])
      assert.isFalse(yield* logs.forget(ticker.channel))
      assert.strictEqual((yield* headOf(ticker)).epoch, epoch)

      yield* TestClock.adjust("20 seconds")
      assert.isTrue(yield* logs.forget(ticker.channel))
      assert.notStrictEqual((yield* headOf(ticker)).epoch, epoch)
    })
  )

  test(
    "lets go of a channel without history that is another owner's, whatever it holds",
    Effect.gen(function* () {
      const logs = yield* LogStore
      const { epoch } = yield* append(ticker, ["m-1"])
      yield* logs.release(ticker.channel)
      assert.notStrictEqual((yield* headOf(ticker)).epoch, epoch)
    })
  )
}
