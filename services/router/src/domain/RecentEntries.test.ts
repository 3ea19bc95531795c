import { assert, describe, it } from "@effect/vitest"
import type { EncodedPublication } from "@weir/wire/Publications"
import { Effect, Random } from "effect"
import { RecentEntries } from "./RecentEntries.ts"

const keptMs = 15_000
const keptBytes = 1_048_576

const entry = (offset: number, term = 9, size = 10): EncodedPublication => ({
  publication: {
    channel: "chat:lobby",
    publisher: "ann",
    messageId: "",
    key: "",
    contentType: "",
    publishedAt: 0,
    position: { epoch: "e1", term, offset },
    data: new Uint8Array(0)
  },
  bytes: new Uint8Array(size)
})

const entries = (from: number, to: number, term?: number, size?: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => entry(from + index, term, size))

const offsetsOf = (some: ReadonlyArray<EncodedPublication>) =>
  some.map(({ publication }) => publication.position.offset)

const recentAt = (offset: number, term = 7) => new RecentEntries({ epoch: "e1", term, offset })

describe("RecentEntries", () => {
  it("knows the position that it begins at, and nothing around it", () => {
    const recent = recentAt(40)
    assert.isTrue(recent.isEmpty)
    assert.strictEqual(recent.termAt(40), 7)
    assert.isUndefined(recent.termAt(39))
    assert.isUndefined(recent.termAt(41))
    assert.deepStrictEqual(recent.after(40), [])
  })

  it("knows the term at each offset, and what follows it", () => {
    const recent = recentAt(40)
    recent.push(entries(41, 43), 0)
    recent.push(entries(44, 45, 11), 0)
    assert.deepStrictEqual(
      [39, 40, 41, 43, 44, 45, 46].map((offset) => recent.termAt(offset)),
      [undefined, 7, 9, 9, 11, 11, undefined]
    )
    assert.deepStrictEqual(offsetsOf(recent.after(40)), [41, 42, 43, 44, 45])
    assert.deepStrictEqual(offsetsOf(recent.after(43)), [44, 45])
    assert.deepStrictEqual(recent.after(45), [])
  })

  it("keeps entries for 15 s, and then the last one as what the others follow", () => {
    const recent = recentAt(40)
    recent.push(entries(41, 42), 1_000)
    recent.push(entries(43, 43), 2_000)
    recent.prune(1_000 + keptMs)
    assert.deepStrictEqual(offsetsOf(recent.after(40)), [41, 42, 43])
    recent.prune(1_001 + keptMs)
    assert.isUndefined(recent.termAt(41))
    assert.strictEqual(recent.termAt(42), 9)
    assert.deepStrictEqual(offsetsOf(recent.after(42)), [43])
    recent.prune(2_001 + keptMs)
    assert.isTrue(recent.isEmpty)
    assert.strictEqual(recent.termAt(43), 9)
  })

  it("keeps 1 MiB, the newest", () => {
    const recent = recentAt(0)
    recent.push(entries(1, 4, 9, keptBytes / 4), 0)
    assert.deepStrictEqual(offsetsOf(recent.after(0)), [1, 2, 3, 4])
    recent.push([entry(5, 9, 1)], 0)
    assert.isUndefined(recent.termAt(0))
    assert.deepStrictEqual(offsetsOf(recent.after(1)), [2, 3, 4, 5])
  })

  it("keeps nothing of one that is larger than all that may be kept", () => {
    const recent = recentAt(0)
    recent.push([entry(1), entry(2, 9, keptBytes + 1)], 0)
    assert.isTrue(recent.isEmpty)
    assert.strictEqual(recent.termAt(2), 9)
    recent.push([entry(3)], 0)
    assert.deepStrictEqual(offsetsOf(recent.after(2)), [3])
  })

  for (const seed of [1, 2, 3, 4, 5]) {
    it.effect(`is what a list that is filtered would be (seed ${seed})`, () =>
      Effect.gen(function* () {
        const recent = recentAt(100)
        let model: ReadonlyArray<{ readonly it: EncodedPublication; readonly at: number }> = []
        let anchor = { offset: 100, term: 7 }
        let now = 0
        let head = 100
        const prune = () => {
          while (model.length > 0) {
            const bytes = model.reduce((sum, { it }) => sum + it.bytes.byteLength, 0)
            const { at, it } = model[0]!
            if (now - at <= keptMs && bytes <= keptBytes) break
            anchor = it.publication.position
            model = model.slice(1)
          }
        }
        for (let step = 0; step < 400; step++) {
          now += yield* Random.nextIntBetween(0, 2_000)
          if ((yield* Random.next) < 0.7) {
            const count = yield* Random.nextIntBetween(1, 5)
            const size = (yield* Random.next) < 0.1 ? 400_000 : 100
            const term = yield* Random.nextIntBetween(8, 11)
            const some = entries(head + 1, head + count, term, size)
            head += count
            recent.push(some, now)
            model = [...model, ...some.map((it) => ({ it, at: now }))]
          } else {
            recent.prune(now)
          }
          prune()
          assert.strictEqual(recent.isEmpty, model.length === 0)
          for (let offset = anchor.offset - 2; offset <= head + 2; offset++) {
            const expected =
              offset === anchor.offset
                ? anchor.term
                : model[offset - anchor.offset - 1]?.it.publication.position.term
            assert.strictEqual(recent.termAt(offset), expected, `term at ${offset}`)
            if (offset < anchor.offset || offset > head) continue
            assert.deepStrictEqual(
              offsetsOf(recent.after(offset)),
              model.slice(offset - anchor.offset).map(({ it }) => it.publication.position.offset)
            )
          }
        }
      }).pipe(Random.withSeed(`recent entries ${seed}`))
    )
  }
})
