import { assert, describe, it } from "@effect/vitest"
import { ByteBudget } from "./ByteBudget.ts"
import { Outbox } from "./Outbox.ts"

const frame = (size: number, fill = 0) => new Uint8Array(size).fill(fill)

const shared = new ByteBudget(1_000_000)

describe("Outbox", () => {
  it("gives frames back in the order offered", () => {
    const outbox = new Outbox({ maxFrames: 3, maxBytes: 100, shared })
    for (const fill of [1, 2, 3]) outbox.offer(frame(1, fill))
    assert.deepStrictEqual(
      [outbox.take(), outbox.take(), outbox.take()],
      [1, 2, 3].map((n) => frame(1, n))
    )
    assert.isUndefined(outbox.take())
  })

  it("refuses the frame that would pass its bytes, and keeps the rest", () => {
    const outbox = new Outbox({ maxFrames: 10, maxBytes: 10, shared })
    assert.isTrue(outbox.offer(frame(8)))
    assert.isFalse(outbox.offer(frame(3)))
    assert.deepStrictEqual([outbox.frames, outbox.bytes], [1, 8])
  })

  it("refuses the frame that would pass its count", () => {
    const outbox = new Outbox({ maxFrames: 2, maxBytes: 100, shared })
    assert.deepStrictEqual(
      [1, 2, 3].map(() => outbox.offer(frame(1))),
      [true, true, false]
    )
    assert.deepStrictEqual([outbox.frames, outbox.bytes], [2, 2])
  })

  it("has room again after a frame was taken", () => {
    const outbox = new Outbox({ maxFrames: 1, maxBytes: 5, shared })
    outbox.offer(frame(5))
    outbox.take()
    assert.isTrue(outbox.offer(frame(5)))
  })

  it("has a part of its own, and beyond that what others leave of what all may hold", () => {
    const kibibyte = 1024
    const budget = new ByteBudget(40 * kibibyte)
    const make = () => new Outbox({ maxFrames: 100, maxBytes: 100 * kibibyte, shared: budget })
    const [first, second] = [make(), make()]
    assert.isTrue(first.offer(frame(39 * kibibyte)))
    assert.isFalse(first.offer(frame(2 * kibibyte)))
    assert.isTrue(second.offer(frame(16 * kibibyte)))
    assert.isFalse(second.offer(frame(1)))
    first.take()
    assert.isTrue(second.offer(frame(1)))
    second.drop()
    assert.strictEqual(budget.used, 0)
  })
})
