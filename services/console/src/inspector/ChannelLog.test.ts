import { assert, describe, it } from "@effect/vitest"
import type { Publication } from "@weir/client/Publication"
import { type ChannelLogEvent, emptyLog, type LogEntry, logAfter } from "./ChannelLog.ts"

const log = (...events: ReadonlyArray<ChannelLogEvent>) => events.reduce(logAfter, emptyLog)

const at = (offset: number, epoch = "e") => ({ epoch, term: 1, offset })

const publication = (offset: number, epoch = "e"): ChannelLogEvent => ({
  type: "publication",
  publication: { channel: "chat:a", position: at(offset, epoch) } as Publication
})

const offsetOf = (entry: LogEntry | undefined) =>
  entry?.kind === "publication" ? entry.publication.position.offset : undefined

const gap = (offset: number): ChannelLogEvent => ({
  type: "gap",
  gap: {
    channel: "chat:a",
    reason: "rolled_back",
    from: undefined,
    to: undefined,
    position: at(offset)
  }
})

describe("ChannelLog", () => {
  it("has the newest first, with a gap where it was", () => {
    const { entries } = log(publication(1), gap(3), publication(4))

    assert.deepStrictEqual(
      entries.map(({ kind }) => kind),
      ["publication", "gap", "publication"]
    )
    assert.strictEqual(offsetOf(entries[0]), 4)
  })

  it("knows the furthest position of an epoch, and that of a new one", () => {
    const subscribed: ChannelLogEvent = { type: "subscribed", position: at(9) }

    assert.deepStrictEqual(log(subscribed, publication(7)).position, at(9))
    assert.deepStrictEqual(log(subscribed, publication(10)).position, at(10))
    assert.deepStrictEqual(log(subscribed, publication(1, "f")).position, at(1, "f"))
  })

  it("goes back with a log that went back", () => {
    assert.deepStrictEqual(log(publication(9), gap(5)).position, at(5))
  })

  it("keeps the newest 200 and counts all", () => {
    const { count, entries } = log(...Array.from({ length: 201 }, (_, index) => publication(index)))

    assert.lengthOf(entries, 200)
    assert.strictEqual(count, 201)
    assert.lengthOf(new Set(entries.map(({ id }) => id)), 200)
  })
})
