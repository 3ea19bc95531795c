import { assert, describe, it } from "@effect/vitest"
import { decide, type Known, type Plan } from "./Reconcile.ts"

const at = (offset: number, term = 9, epoch = "e1") => ({ epoch, term, offset })

/** The owner gave out up to 40; it remembers 30 to 40, of which 35 on are its own (term 9). */
const known: Known = {
  head: at(40),
  inFlight: undefined,
  termAt: (offset) => (offset < 30 || offset > 40 ? undefined : offset < 35 ? 7 : 9)
}
const withInFlight: Known = { ...known, inFlight: at(42) }
const fresh: Known = { head: at(0), inFlight: undefined, termAt: (offset) => [9][offset] }
const forgetful: Known = { ...known, termAt: (offset) => (offset === 40 ? 9 : undefined) }

const rows: ReadonlyArray<readonly [string, Known, ReturnType<typeof at>, Plan]> = [
  ["goes on where the log was left", known, at(40), "same"],
  ["knows that what was in flight did not happen", withInFlight, at(40), "same"],
  ["delivers what was in flight and happened", withInFlight, at(42), "appended"],
  ["follows a log that is ahead for another reason", known, at(43), "follow"],
  ["follows a log that holds only a part of what was in flight", withInFlight, at(41), "follow"],
  ["follows a log that is beyond what was in flight", withInFlight, at(43), "follow"],
  ["follows another owner that wrote at that offset", withInFlight, at(42, 11), "follow"],
  ["writes a lost tail again", known, at(36), "repair"],
  ["writes again what another owner wrote", known, at(32, 7), "repair"],
  ["writes again all that it remembers", known, at(30, 7), "repair"],
  [
    "writes a lost tail again before it asks for what was in flight",
    withInFlight,
    at(36),
    "repair"
  ],
  ["gives up a tail that begins before all that it remembers", known, at(29, 7), "rollBack"],
  ["gives up a tail after an entry of another owner", known, at(36, 8), "rollBack"],
  ["gives up a head that another owner wrote", known, at(40, 11), "rollBack"],
  ["gives up what it does not remember", forgetful, at(39), "rollBack"],
  ["gives up all of a log that is empty in the same epoch", known, at(0, 0), "rollBack"],
  ["goes on with a log in which nothing was ever written", fresh, at(0), "same"],
  ["gives up an empty log under another term", fresh, at(0, 11), "rollBack"],
  ["takes a log that has just begun for what it is", known, at(0, 9, "e2"), "follow"],
  ["ends another life of the log that somebody wrote to", known, at(40, 9, "e2"), "renew"],
  ["ends another life of the log that is ahead", withInFlight, at(42, 9, "e2"), "renew"],
  ["ends another life of the log that is behind", known, at(36, 9, "e2"), "renew"]
]

describe("Reconcile.decide", () => {
  it.each(rows)("%s", (_title, owner, log, plan) => {
    assert.strictEqual(decide(owner, log), plan)
  })
})
