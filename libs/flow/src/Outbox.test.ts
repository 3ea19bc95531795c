import { assert, describe, it } from "@effect/vitest"
import { Outbox } from "./Outbox.ts"

const frame = (size: number, fill = 0) => new Uint8Array(size).fill(fill)

describe("Outbox", () => {
  it("gives frames back in the order offered", () => {
    const outbox = new Outbox({ maxFrames: 3, maxBytes: 100 })
    for (const fill of [1, 2, 3]) outbox.offer(frame(1, fill))
    assert.deepStrictEqual(
      [outbox.take(), outbox.take(), outbox.take()],
      [1, 2, 3].map((n) => frame(1, n))
    )
    assert.isUndefined(outbox.take())
  })

  it("refuses the frame that would pass its bytes, and keeps the rest", () => {
    const outbox = new Outbox({ maxFrames: 10, maxBytes: 10 })
    assert.isTrue(outbox.offer(frame(8)))
    assert.isFalse(outbox.offer(frame(3)))
    assert.deepStrictEqual([outbox.frames, outbox.bytes], [1, 8])
  })

  it("refuses the frame that would pass its count", () => {
    const outbox = new Outbox({ maxFrames: 2, maxBytes: 100 })
    assert.deepStrictEqual(
      [1, 2, 3].map(() => outbox.offer(frame(1))),
      [true, true, false]
    )
    assert.deepStrictEqual([outbox.frames, outbox.bytes], [2, 2])
  })

  it("has room again after a frame was taken", () => {
    const outbox = new Outbox({ maxFrames: 1, maxBytes: 5 })
    outbox.offer(frame(5))
    outbox.take()
    assert.isTrue(outbox.offer(frame(5)))
  })
})
