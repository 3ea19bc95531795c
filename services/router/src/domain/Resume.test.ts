import { assert, describe, it } from "@effect/vitest"
import { decide, type LogState } from "./Resume.ts"

/** Offsets 21 to 40 may be replayed and 20 is the anchor; term 7 wrote up to 30, term 9 the rest. */
const log: LogState = {
  head: { epoch: "e2", term: 9, offset: 40 },
  floor: 21,
  termAt: (offset) => (offset < 20 || offset > 40 ? undefined : offset <= 30 ? 7 : 9),
  latestOnly: false
}
const untrimmed: LogState = { ...log, floor: 1, termAt: () => 9 }
const newest: LogState = { ...log, floor: 40, latestOnly: true }
const newestOfMany: LogState = { ...log, latestOnly: true }
const newestGone: LogState = { ...log, floor: 41, latestOnly: true }
const unlogged: LogState = { ...log, floor: 41, termAt: () => undefined }
const empty: LogState = { ...log, head: { epoch: "e2", term: 9, offset: 0 }, floor: 1 }

const at = (offset: number, term = 9, epoch = "e2") => ({ epoch, term, offset })
const recovered = (next: number) => ({ recovered: true, next })
const refused = (reason: string, next: number) => ({ recovered: false, reason, next })

describe("Resume.decide", () => {
  it.each([
    ["replays what was missed", log, at(37), recovered(38)],
    ["replays over a change of owner", log, at(25, 7), recovered(26)],
    ["replays from the anchor", log, at(20, 7), recovered(21)],
    ["owes nothing to a client that is up to date", log, at(40), recovered(41)],
    ["replays all of a log that was never trimmed", untrimmed, at(0, 0), recovered(1)],
    ["owes nothing of a log in which nothing was written", empty, at(0, 0), recovered(1)],
    ["refuses the beginning of a log that was trimmed", log, at(0, 0), refused("trimmed", 21)],
    ["refuses a position older than the anchor", log, at(3, 7), refused("trimmed", 21)],
    ["refuses a position from another epoch", log, at(37, 9, "e1"), refused("epoch_changed", 41)],
    ["refuses a position beyond the head", log, at(41), refused("rolled_back", 41)],
    ["refuses an offset that another owner wrote", log, at(35, 8), refused("rolled_back", 41)],
    ["refuses the head under another term", log, at(40, 8), refused("rolled_back", 41)],
    ["gives the newest where only that is kept", newest, at(12, 7), recovered(40)],
    ["gives only the newest where more is kept", newestOfMany, at(37), recovered(40)],
    ["gives nothing where the newest is too old", newestGone, at(37), recovered(41)],
    ["gives the newest to whoever is beyond it, too", newest, at(41), recovered(40)],
    ["gives the newest where another wrote at that offset", newest, at(40, 8), recovered(40)],
    ["gives nothing twice where only the newest is kept", newest, at(40), recovered(41)],
    ["refuses an older position where nothing is kept", unlogged, at(39), refused("trimmed", 41)],
    ["continues at the head where nothing is kept", unlogged, at(40), recovered(41)]
  ] as const)("%s", (_title, state, since, expected) => {
    assert.deepStrictEqual(decide(since, state) as object, expected)
  })
})
