import { assert, describe, it } from "@effect/vitest"
import { payloadBytes } from "./Dialect.ts"
import { isPayload, makePayloads, microsAt, sequenceAt, writePayload } from "./Payload.ts"

describe("a payload", () => {
  it("is a JSON string of 128 bytes, so that no system has to escape it", () => {
    const bytes = Buffer.alloc(payloadBytes)
    writePayload(bytes, 0, 7, 12_345)
    assert.strictEqual(JSON.stringify(JSON.parse(bytes.toString())), bytes.toString())
    assert.strictEqual(Buffer.byteLength(JSON.stringify(JSON.parse(bytes.toString()))), 128)
  })

  it("says its sequence and its time, wherever it stands", () => {
    const bytes = Buffer.alloc(3 * payloadBytes)
    writePayload(bytes, 17, 999_999_999_999, 9_007_199_254_740_991)
    assert.strictEqual(sequenceAt(bytes, 17), 999_999_999_999)
    assert.strictEqual(microsAt(bytes, 17), 9_007_199_254_740_991)
    assert.isTrue(isPayload(bytes, 17))
    assert.isFalse(isPayload(bytes, 18))
  })

  it("is numbered within a burst", () => {
    const burst = makePayloads(40, [5, 6, 7])
    assert.deepStrictEqual(
      burst.map((it) => [sequenceAt(it, 0), microsAt(it, 0)]),
      [
        [40, 5],
        [41, 6],
        [42, 7]
      ]
    )
  })
})
