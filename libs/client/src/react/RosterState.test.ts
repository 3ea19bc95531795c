import { assert, describe, it } from "@effect/vitest"
import {
  emptyRoster,
  MAX_MEMBERS,
  type RosterState,
  rosterAsked,
  rosterChanged,
  rosterRead
} from "./RosterState.ts"

const member = (id: string, data: unknown = null) => ({
  id,
  user: `user-${id}`,
  joinedAt: 0,
  data,
  contentType: "application/json"
})
const many = (count: number, prefix = "m") =>
  Array.from({ length: count }, (_, index) => member(`${prefix}${index}`))
const change = (joined: ReadonlyArray<string>, left: ReadonlyArray<string> = []) => ({
  channel: "chat:a",
  joined: joined.map((id) => member(id)),
  left: left.map((id) => ({ id, user: `user-${id}` })),
  reset: false
})
const page = (ids: ReadonlyArray<string>, next = "") => ({
  members: ids.map((id) => member(id)),
  next
})
const ids = ({ members }: RosterState) => [...members.keys()].sort()

describe("RosterState", () => {
  it("is what was read, and what has changed since", () => {
    const read = rosterRead(rosterAsked(emptyRoster), page(["a", "b"]))

    const state = rosterChanged(read, change(["c"], ["a"]))

    assert.deepStrictEqual(ids(state), ["b", "c"])
    assert.isTrue(state.isComplete)
  })

  it("keeps who came while the roster was on its way, and forgets who left", () => {
    const asked = rosterAsked(emptyRoster)
    const overtaken = rosterChanged(asked, change(["new"], ["gone"]))

    const state = rosterRead(overtaken, page(["gone", "stays"]))

    assert.deepStrictEqual(ids(state), ["new", "stays"])
  })

  it("takes the last word on who left and came again meanwhile", () => {
    const asked = rosterAsked(emptyRoster)
    const left = rosterChanged(asked, change([], ["a"]))
    const back = rosterChanged(left, change(["a"]))

    assert.deepStrictEqual(ids(rosterRead(back, page([]))), ["a"])
  })

  it("shows changes before the roster is read", () => {
    assert.deepStrictEqual(ids(rosterChanged(rosterAsked(emptyRoster), change(["a"]))), ["a"])
  })

  it("is not complete until it is read, and not when there is another page", () => {
    const asked = rosterAsked(emptyRoster)

    assert.isFalse(rosterChanged(asked, change(["a"])).isComplete)
    assert.isFalse(rosterRead(asked, page(["a"], "m-1")).isComplete)
  })

  it("keeps 1,000 members, and says that there are more", () => {
    const full = rosterRead(rosterAsked(emptyRoster), { members: many(MAX_MEMBERS), next: "" })

    const state = rosterChanged(full, change(["one-more"]))

    assert.isTrue(full.isComplete)
    assert.strictEqual(state.members.size, MAX_MEMBERS)
    assert.isFalse(state.isComplete)
  })

  it("keeps as many changes while it waits, and says that there were more", () => {
    const joined = { channel: "chat:a", joined: many(2 * MAX_MEMBERS), left: [], reset: false }
    const left = { ...joined, joined: [], left: joined.joined }
    const waiting = rosterChanged(rosterChanged(rosterAsked(emptyRoster), joined), left)

    assert.isAtMost(waiting.changes!.size, MAX_MEMBERS + 1)
    assert.isFalse(rosterRead(waiting, page([])).isComplete)
  })
})
