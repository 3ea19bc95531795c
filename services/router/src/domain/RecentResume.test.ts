import { assert, describe, it } from "@effect/vitest"
import { makeNamespace, type NamespaceOptions } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import { encodePublication } from "@weir/wire/Publications"
import { RecentEntries } from "./RecentEntries.ts"
import { resumeFromRecent } from "./RecentResume.ts"

const at = (offset: number, term = 2, epoch = "e"): Position => ({ epoch, term, offset })

const entry = (offset: number) =>
  encodePublication({
    channel: "chat:a",
    position: at(offset),
    ...{ messageId: "", key: "", publisher: "ann", publishedAt: offset * 1_000 },
    ...{ contentType: "", data: new Uint8Array(100) }
  })

const wide = { limit: 100, maxBytes: 1_000_000 }

/** An owner that has taken over at offset 4 and appended 5 to 9 since, a second apart. */
const resume = (
  since: Position,
  options: typeof NamespaceOptions.Type = {},
  limits = wide,
  nowMillis = 10_000
) => {
  const recent = new RecentEntries(at(4, 1))
  recent.push([5, 6, 7, 8, 9].map(entry), 0)
  const namespace = makeNamespace("chat", options)
  const channel = { namespace, recent, head: at(9), publishedAt: 9_000 }
  const resumed = resumeFromRecent(channel, since, limits, nowMillis)
  return resumed?.entries.map(({ publication }) => publication.position.offset)
}

describe("a resume from memory", () => {
  it("gives all that follows a position of this log", () => {
    assert.deepStrictEqual(resume(at(6)), [7, 8, 9])
    assert.deepStrictEqual(resume(at(4, 1)), [5, 6, 7, 8, 9])
    assert.deepStrictEqual(resume(at(9)), [])
  })

  it.each([
    ["from before what is remembered", at(3, 1)],
    ["of another term", at(6, 1)],
    ["of another epoch", at(6, 2, "other")],
    ["beyond the head", at(10)]
  ])("leaves a position %s to the log", (_title, since) => {
    assert.isUndefined(resume(since))
  })

  it.each([
    ["fewer", { historySize: 2 }],
    ["younger ones", { historyAgeSeconds: 2 }],
    ["fewer bytes", { historyBytes: 400 }],
    ["only the newest", { slowConsumer: "conflate" }]
  ] as const)("leaves it to a log that keeps %s", (_title, options) => {
    assert.isUndefined(resume(at(6), options))
  })

  it("gives a page, and says that there is more", () => {
    const recent = new RecentEntries(at(4, 1))
    recent.push([5, 6, 7, 8, 9].map(entry), 0)
    const channel = {
      namespace: makeNamespace("chat", {}),
      recent,
      head: at(9),
      publishedAt: 9_000
    }

    const page = resumeFromRecent(channel, at(5), { ...wide, limit: 2 }, 10_000)

    assert.deepInclude(page, { head: at(9), before: at(5), next: 6, more: true })
    assert.deepStrictEqual(page?.verdict, { recovered: true, next: 6 })
    assert.deepStrictEqual(page?.entries.length, 2)
  })
})
