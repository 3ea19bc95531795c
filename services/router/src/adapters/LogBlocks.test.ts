import { assert, describe, it } from "@effect/vitest"
import { encodePublication } from "@weir/wire/Publications"
import { fromBlock, toBlocks } from "./LogBlocks.ts"

const entry = (offset: number, bytes = 10, term = 4_096, publishedAt = 7) =>
  encodePublication({
    channel: "chat:lobby",
    publisher: "ann",
    messageId: "",
    key: "",
    contentType: "",
    data: new Uint8Array(bytes).fill(offset),
    publishedAt,
    position: { epoch: "e1", term, offset }
  })

const entries = (count: number, bytes = 10) =>
  Array.from({ length: count }, (_, index) => entry(index + 1, bytes))

describe("publications as blocks", () => {
  it("come back as they were", () => {
    const all = entries(100)
    const back = toBlocks(all).flatMap(({ bytes, ends }) => fromBlock(ends, bytes))
    assert.deepStrictEqual(back, all)
  })

  it("come back from the middle of a block", () => {
    const all = entries(5)
    const [{ bytes, ends }] = toBlocks(all) as [ReturnType<typeof toBlocks>[number]]
    const begin = ends.readUInt32BE(4)
    const end = ends.readUInt32BE(12)
    const part = fromBlock(ends.subarray(8, 16), bytes.subarray(begin, end))
    assert.deepStrictEqual(part, all.slice(2, 4))
  })

  it("are at most 64 in a block, or 16 KiB", () => {
    const lastOffsets = (count: number, bytes: number) =>
      toBlocks(entries(count, bytes)).map(({ lastOffset }) => lastOffset)
    assert.deepStrictEqual(lastOffsets(130, 10), [64, 128, 130])
    assert.deepStrictEqual(lastOffsets(5, 7_000), [2, 4, 5])
    assert.deepStrictEqual(lastOffsets(2, 50_000), [1, 2])
  })

  it("share a block only with those of their term and time", () => {
    const all = [
      entry(1),
      entry(2),
      entry(3, 10, 5_000),
      entry(4, 10, 5_000, 8),
      entry(5, 10, 5_000, 8)
    ]
    assert.deepStrictEqual(
      toBlocks(all).map(({ lastOffset, publishedAt, term }) => [lastOffset, term, publishedAt]),
      [
        [2, 4_096, 7],
        [3, 5_000, 7],
        [5, 5_000, 8]
      ]
    )
  })
})
