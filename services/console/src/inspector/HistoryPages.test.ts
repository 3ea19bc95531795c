import { assert, describe, it } from "@effect/vitest"
import type { History } from "@weir/client/History"
import {
  type HistoryEvent,
  newerThan,
  newest,
  noPages,
  olderThan,
  pagesAfter,
  type Trail
} from "./HistoryPages.ts"

const after = (...events: ReadonlyArray<HistoryEvent>) => events.reduce(pagesAfter, noPages)

const page = (next: number): History => ({
  channel: "chat:a",
  position: { epoch: "e", term: 1, offset: 9 },
  publications: [],
  next
})

const read = (trail: Trail, next: number): ReadonlyArray<HistoryEvent> => [
  { type: "asked", trail },
  { type: "read", trail, page: page(next) }
]

describe("HistoryPages", () => {
  it("goes back until nothing is kept, and forth again", () => {
    const first = after(...read(newest, 7))
    const older = olderThan(first)!
    const last = [...read(older, 0)].reduce(pagesAfter, first)

    assert.deepStrictEqual(older, [undefined, 7])
    assert.isUndefined(newerThan(first))
    assert.isUndefined(olderThan(last))
    assert.deepStrictEqual(newerThan(last), newest)
  })

  it("shows the page in sight until the next one is there", () => {
    const waiting = after(...read(newest, 7), { type: "asked", trail: [undefined, 7] })

    assert.strictEqual(waiting.page?.next, 7)
    assert.deepStrictEqual(waiting.trail, newest)
  })

  it("ignores an answer that is not awaited any more", () => {
    const late: Trail = [undefined, 7]
    const pages = after(
      { type: "asked", trail: late },
      ...read(newest, 3),
      { type: "read", trail: late, page: page(1) },
      { type: "failed", trail: late, problem: "timeout" }
    )

    assert.strictEqual(pages.page?.next, 3)
    assert.isUndefined(pages.problem)
  })

  it("says what went wrong until something goes right", () => {
    const failed = after(
      { type: "asked", trail: newest },
      { type: "failed", trail: newest, problem: "no" }
    )

    assert.strictEqual(failed.problem, "no")
    assert.isUndefined(read(newest, 0).reduce(pagesAfter, failed).problem)
  })
})
