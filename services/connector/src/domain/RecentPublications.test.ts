import { assert, describe, it } from "@effect/vitest"
import { encodePublication } from "@weir/wire/Publications"
import { type Owed, RecentPublications } from "./RecentPublications.ts"

const at = (offset: number, term = 1, epoch = "e1") => ({ epoch, term, offset })

const publication = (offset: number, key = "", term = 1) =>
  encodePublication({
    ...{ channel: "live:rates", position: at(offset, term), publisher: "feed", publishedAt: 0 },
    ...{ messageId: "", contentType: "", data: new Uint8Array(100), key }
  })

const keep = (owed: Owed, maxPublications = 1_000, maxBytes = 1_000_000) =>
  new RecentPublications(owed, { maxPublications, maxBytes }, at(10))

const offsetsAfter = (recent: RecentPublications, offset: number, term = 1) => {
  const found = recent.after(at(offset, term))
  if (found === undefined) return undefined
  return [
    found.before.offset,
    ...found.entries.map(({ publication: { position } }) => position.offset)
  ]
}

describe("what is kept for those who read slowly", () => {
  it("is each publication, for whatever cursor, where each is owed", () => {
    const recent = keep("each")
    recent.add([publication(11), publication(12)])
    recent.add([publication(13)])
    assert.deepStrictEqual(offsetsAfter(recent, 10), [10, 11, 12, 13])
    assert.deepStrictEqual(offsetsAfter(recent, 12), [12, 13])
    assert.deepStrictEqual(offsetsAfter(recent, 13), [13])
  })

  it("is the newest of each key, in order, where those are owed", () => {
    const recent = keep("newestOfKey")
    recent.add([publication(11, "a"), publication(12, "b"), publication(13, "a")])
    recent.add([publication(14, "c"), publication(15, "c")])
    assert.deepStrictEqual(offsetsAfter(recent, 10), [10, 12, 13, 15])
    assert.deepStrictEqual(offsetsAfter(recent, 12), [12, 13, 15])
  })

  it("is the newest where only that is owed", () => {
    const recent = keep("newest")
    recent.add([publication(11, "a"), publication(12, "b"), publication(13)])
    assert.deepStrictEqual(offsetsAfter(recent, 10), [10, 13])
    assert.deepStrictEqual(offsetsAfter(recent, 13), [13])
  })

  it("is without the oldest at its bounds, and says where it begins to who lacks them", () => {
    const few = keep("each", 2)
    few.add([publication(11), publication(12), publication(13), publication(14)])
    assert.deepStrictEqual(offsetsAfter(few, 10), [12, 13, 14])
    assert.deepStrictEqual(offsetsAfter(few, 12), [12, 13, 14])
    assert.deepStrictEqual(offsetsAfter(few, 13), [13, 14])

    const size = publication(11).bytes.byteLength
    const small = keep("each", 1_000, 2 * size)
    small.add([publication(11), publication(12), publication(13)])
    assert.deepStrictEqual(offsetsAfter(small, 10), [11, 12, 13])
    assert.strictEqual(small.bytes, 2 * size)
  })

  it("does not count as dropped what a newer one took the place of", () => {
    const recent = keep("newestOfKey", 2)
    recent.add([publication(11, "a"), publication(12, "b"), publication(13, "a")])
    assert.deepStrictEqual(offsetsAfter(recent, 10), [10, 12, 13])
    recent.add([publication(14, "c")])
    assert.deepStrictEqual(offsetsAfter(recent, 10), [12, 13, 14])
  })

  it("is the newest, whatever it weighs", () => {
    const recent = keep("each", 1_000, 10)
    recent.add([publication(11), publication(12)])
    assert.deepStrictEqual(offsetsAfter(recent, 10), [11, 12])
  })

  it("is nothing for a cursor that may be of another log, or is older than it", () => {
    const recent = keep("each")
    recent.add([publication(11), publication(12, "", 3), publication(13, "", 3)])
    assert.isUndefined(offsetsAfter(recent, 9))
    assert.isUndefined(offsetsAfter(recent, 14, 3))
    assert.isUndefined(recent.after(at(11, 1, "e2")))
    assert.isUndefined(offsetsAfter(recent, 12, 1), "written by an owner that was replaced")
    assert.deepStrictEqual(offsetsAfter(recent, 11, 1), [11, 12, 13])
    assert.deepStrictEqual(offsetsAfter(recent, 12, 3), [12, 13])
  })
})
