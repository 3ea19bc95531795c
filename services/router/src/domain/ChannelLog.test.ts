import { assert, describe, it } from "@effect/vitest"
import { makeNamespace } from "@weir/core/Namespace"
import { encodePublication } from "@weir/wire/Publications"
import { ChannelLog } from "./ChannelLog.ts"

const logOf = (options: Parameters<typeof makeNamespace>[1]) =>
  new ChannelLog(makeNamespace("chat", options), { epoch: "e1", term: 7, offset: 0 }, 0)

const append = (log: ChannelLog, bytes = 100, nowMillis = 0) => {
  const { epoch, offset } = log.head
  const entry = encodePublication({
    channel: "chat:lobby",
    publisher: "ann",
    messageId: "",
    key: "",
    contentType: "",
    data: new Uint8Array(bytes),
    publishedAt: nowMillis,
    position: { epoch, term: 9, offset: offset + 1 }
  })
  log.append([entry], nowMillis)
}

describe("ChannelLog", () => {
  it("holds one entry where only the newest is kept", () => {
    const log = logOf({ slowConsumer: "conflate" })
    for (let n = 0; n < 100; n++) append(log)
    assert.strictEqual(log.size, 1)
    assert.isBelow(log.bytes, 300)
  })

  it("holds no more than its size and its bytes", () => {
    const bySize = logOf({ historySize: 10 })
    const byBytes = logOf({ historyBytes: 10_000 })
    for (let n = 0; n < 1_000; n++) {
      append(bySize)
      append(byBytes, 1_000)
      assert.isAtMost(bySize.size, 10)
      assert.isAtMost(byBytes.bytes, 10_000)
    }
    const offsets = byBytes
      .from(0, { limit: 100, maxBytes: Number.MAX_SAFE_INTEGER }, 0)
      .map(({ publication }) => publication.position.offset)
    assert.deepStrictEqual(offsets, [992, 993, 994, 995, 996, 997, 998, 999, 1_000])
  })

  it("holds the newest, however large", () => {
    const log = logOf({ historyBytes: 100 })
    append(log, 1_000)
    append(log, 2_000)
    assert.strictEqual(log.size, 1)
    assert.strictEqual(log.floor(0), 2)
  })

  it("holds nothing that is too old, but the position", () => {
    const log = logOf({ historyAgeSeconds: 60 })
    for (let n = 0; n < 3; n++) append(log)
    log.trim(60_001)
    assert.deepStrictEqual([log.size, log.bytes, log.floor(60_001)], [0, 0, 4])
    assert.deepStrictEqual(log.positionAt(3), { epoch: "e1", term: 9, offset: 3 })
  })

  it("counts an id as known only in its epoch and up to its head", () => {
    const log = logOf({})
    append(log)
    const here = { epoch: "e1", term: 9, offset: 1 }
    log.dedupe.remember("ann", "here", here, 0)
    log.dedupe.remember("ann", "elsewhere", { ...here, epoch: "e0" }, 0)
    log.dedupe.remember("ann", "beyond", { ...here, offset: 2 }, 0)
    assert.deepStrictEqual(log.known("ann", "here", 0), here)
    assert.isUndefined(log.known("ann", "elsewhere", 0))
    assert.isUndefined(log.known("ann", "beyond", 0))
  })

  it("without history holds only what comes in the second after a handoff", () => {
    const log = logOf({ logged: false })
    append(log)
    assert.strictEqual(log.size, 0)
    log.hold(1_000)
    for (let n = 0; n < 70; n++) append(log, 100, 1_999)
    assert.deepStrictEqual([log.size, log.floor(1_999)], [64, 8])
    log.trim(2_000)
    assert.deepStrictEqual([log.size, log.bytes, log.floor(2_000)], [0, 0, 72])
    append(log, 100, 2_000)
    assert.strictEqual(log.size, 0)
  })
})
