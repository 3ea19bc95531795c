import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type PageLimits, pageBytes } from "../domain/Page.ts"
import { readHere } from "./MeshHandlers.ts"

const head = { epoch: "e1", term: 1, offset: 0 }
const page = { head, publishedAt: 0, next: 1, before: head, entries: [], more: false }

/** The limits with which the log is read for a request with these. */
const asked = Effect.fnUntraced(function* (
  limit: number,
  maxBytes: number,
  from: "after" | "since"
) {
  const seen: Array<PageLimits> = []
  const read = (_channel: string, _from: unknown, limits: PageLimits) => {
    seen.push(limits)
    return Effect.succeed({ ...page, verdict: { recovered: true, next: 1 } })
  }
  const router = { read, resume: read } as unknown as Parameters<typeof readHere>[0]
  yield* readHere(router, {
    channel: "chat:lobby",
    from: from === "after" ? { $case: from, value: 0 } : { $case: from, value: head },
    limit,
    maxBytes,
    reverse: false,
    view: 0
  })
  return seen[0]
})

describe("readHere", () => {
  for (const from of ["after", "since"] as const) {
    it.effect(`bounds what is asked for by count and bytes, from ${from}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* asked(10, 0, from), { limit: 10, maxBytes: pageBytes })
        assert.deepStrictEqual(yield* asked(10, 500, from), { limit: 10, maxBytes: 500 })
        const most = { limit: 1_000, maxBytes: 1024 * 1024 }
        assert.deepStrictEqual(yield* asked(5_000, 2 ** 31, from), most)
      })
    )
  }
})
